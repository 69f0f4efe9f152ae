# SPDX-License-Identifier: Apache-2.0
"""Make ``.venv`` ready: ``python3 scripts/prepare.py run`` or ``... dev``.

Uses nothing but the standard library and speaks in sentences, because it is the first thing a
newcomer runs. It is written so that even an old ``python3`` can parse it far enough to say that it
is too old. Every package is pinned and hash-checked; a second call with nothing changed returns at
once.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOG = VENV / "install.log"
SETS = {
    "run": ["base.txt", "build.txt"],
    "dev": ["dev.txt"],
}


def say(text: str) -> None:
    """Print one line of progress at once."""
    print(f"steelyard: {text}", flush=True)


def fail(text: str, next_step: str) -> NoReturn:
    """Stop with a sentence and a next step (exit code 2)."""
    print(f"steelyard: {text}", file=sys.stderr)
    print(f"  next: {next_step}", file=sys.stderr)
    sys.exit(2)


def fingerprint(names: list[str]) -> str:
    """Digest over everything an installed environment depends on."""
    digest = hashlib.sha256(sys.version.encode())
    for path in [ROOT / "pyproject.toml", *(ROOT / "requirements" / name for name in names)]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def create_environment() -> None:
    """Create ``.venv`` unless a usable one is there."""
    if PYTHON.exists():
        done = subprocess.run([str(PYTHON), "-m", "pip", "--version"], capture_output=True)
        if done.returncode == 0:
            return
        shutil.rmtree(VENV)
    version = ".".join(str(part) for part in sys.version_info[:3])
    say(f"[1/3] creating .venv with Python {version}")
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True)
    if made.returncode != 0:
        shutil.rmtree(VENV, ignore_errors=True)
        fail(
            "this Python cannot create virtual environments (its venv or ensurepip part is "
            "missing).",
            "install it, on Debian and Ubuntu: sudo apt-get install python3-venv",
        )


def pip(arguments: list[str], what: str, count: int = 0) -> None:
    """Run pip, counting packages on a terminal; on failure say why in a sentence."""
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", *arguments]
    text = ""
    done = 0
    terminal = sys.stdout.isatty() and count > 0
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    assert process.stdout is not None
    with LOG.open("a", encoding="utf-8") as log:
        for line in process.stdout:
            log.write(line)
            text += line
            if terminal and line.startswith("Collecting "):
                done += 1
                print(f"\r      {done} of {count}: {line.split()[1][:50]:50}", end="", flush=True)
    if terminal:
        print("\r" + " " * 72 + "\r", end="", flush=True)
    if process.wait() == 0:
        return
    signs = ("NewConnectionError", "Max retries", "timed out", "(from versions: none)")
    if any(sign in text for sign in signs):
        fail(
            f"could not install {what}: the package index cannot be reached.",
            "check the network or proxy; behind a mirror, set PIP_INDEX_URL; details are in "
            f"{LOG.relative_to(ROOT)}",
        )
    fail(
        f"could not install {what} (pip exit code {process.returncode}).",
        f"read the last lines of {LOG.relative_to(ROOT)}",
    )


def compile_packages() -> None:
    """Compile what was installed, on every processor; pip would use one.

    Left to the first import, a process that may not write would compile the same files each time.
    Some packages ship files that no Python can compile, so the outcome does not matter.
    """
    asked = [str(PYTHON), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    found = subprocess.run(asked, capture_output=True, text=True)
    if found.returncode == 0:
        command = [str(PYTHON), "-m", "compileall", "-qq", "-j", "0", found.stdout.strip()]
        subprocess.run(command, capture_output=True)


def install(names: list[str], stamp: Path) -> None:
    """Install the pinned packages, then the project itself without touching the network."""
    started = time.monotonic()
    # Every package is in the list, so pip need not look for any: it would take a newer one where
    # something asks for a package with an extra, and then refuse it for having no hash.
    arguments = ["--require-hashes", "--no-deps", "--no-compile"]
    count = 0
    for name in names:
        path = ROOT / "requirements" / name
        count += sum("==" in line for line in path.read_text(encoding="utf-8").splitlines())
        arguments += ["-r", str(path)]
    say(f"[2/3] installing {count} pinned packages (hash-checked)")
    pip(arguments, "the pinned packages", count)
    compile_packages()
    say("[3/3] installing steelyard from this folder")
    pip(["--no-deps", "--no-build-isolation", "--editable", str(ROOT)], "steelyard itself")
    stamp.write_text(fingerprint(names), encoding="utf-8")
    say(f"ready in {time.monotonic() - started:.0f} s: .venv/bin/steelyard")


def main() -> None:
    """Prepare the environment for the set named on the command line."""
    if sys.version_info < (3, 11):
        have = ".".join(str(part) for part in sys.version_info[:3])
        fail(
            f"Python 3.11 or newer is needed; {sys.executable} is {have}.",
            "install a newer one and name it: make PYTHON=python3.12 demo",
        )
    if len(sys.argv) != 2 or sys.argv[1] not in SETS:
        fail("name what to prepare for.", "python3 scripts/prepare.py run|dev")
    names = SETS[sys.argv[1]]
    stamp = VENV / f".ready-{sys.argv[1]}"
    if PYTHON.exists() and stamp.exists() and stamp.read_text() == fingerprint(names):
        return
    create_environment()
    os.environ.pop("PYTHONPATH", None)
    install(names, stamp)


if __name__ == "__main__":
    main()
