# SPDX-License-Identifier: Apache-2.0
"""Turn the newest pure wheel in DIST into one for this platform that holds the compiled machine.

``python scripts/compiled_wheel.py DIST COMPILED TAG``: adds the extension modules found under
COMPILED beside the sources they were built from (which stay, since the digest of the rules and
tracebacks read them), and rewrites the wheel's tag and its list of files.
"""

from __future__ import annotations

import base64
import hashlib
import sys
import zipfile
from pathlib import Path


def digest(data: bytes) -> str:
    """Return the hash of a file as RECORD writes it."""
    text = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"sha256={text}"


def compiled_wheel(dist: Path, compiled: Path, tag: str) -> Path:
    """Write the platform wheel beside the pure one and return its path.

    Raises:
        SystemExit: there is no pure wheel, or nothing was compiled.
    """
    pure = max(dist.glob("*-py3-none-any.whl"), key=lambda path: path.stat().st_mtime, default=None)
    modules = sorted(
        path
        for path in compiled.rglob("*.so")
        if path.relative_to(compiled).parts[0] != "build"  # what the compiler left behind
    )
    if pure is None or not modules:
        raise SystemExit("Run `make wheel` and `make compiled` first.")
    target = pure.with_name(pure.name.replace("py3-none-any", tag))
    rows: list[str] = []
    with (
        zipfile.ZipFile(pure) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as wheel,
    ):
        files = {name: source.read(name) for name in source.namelist()}
        record = next(name for name in files if name.endswith(".dist-info/RECORD"))
        del files[record]
        about = record.replace("RECORD", "WHEEL")
        files[about] = (
            files[about]
            .replace(b"Root-Is-Purelib: true", b"Root-Is-Purelib: false")
            .replace(b"Tag: py3-none-any", f"Tag: {tag}".encode())
        )
        for module in modules:
            files[module.relative_to(compiled).as_posix()] = module.read_bytes()
        for name, data in files.items():
            wheel.writestr(name, data)
            rows.append(f"{name},{digest(data)},{len(data)}")
        wheel.writestr(record, "\n".join([*rows, f"{record},,", ""]))
    return target


if __name__ == "__main__":
    print(compiled_wheel(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
