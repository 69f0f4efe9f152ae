# SPDX-License-Identifier: Apache-2.0
"""Installs small distributions with plug-ins, the way pip would leave them on the path."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.platform import sandbox


def install(
    folder: Path, code: str, *, name: str = "acme", version: str = "1.2", points: str
) -> Path:
    """Put a module and the metadata of its distribution below ``folder`` and return that."""
    folder.mkdir(exist_ok=True)
    module = f"{name}_plugin"
    (folder / f"{module}.py").write_text(code)
    info = folder / f"{module}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {module.replace('_', '-')}\nVersion: {version}\n"
    )
    (info / "entry_points.txt").write_text(points)
    return folder


def sandbox_sees(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: Path) -> None:
    """Let the sandbox process, which takes nothing from its environment, find ``folder``."""
    script = tmp_path / "start" / "with_path.py"
    script.parent.mkdir()
    script.write_text(
        "import runpy, sys\n"
        f"sys.path.append({str(folder)!r})\n"
        "runpy.run_module('steelyard.scanning', run_name='__main__')\n"
    )
    monkeypatch.setattr(sandbox, "_COMMAND", (str(script),))
