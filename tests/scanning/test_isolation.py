# SPDX-License-Identifier: Apache-2.0
"""The walls around the sandbox process, tried from inside."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import time
from pathlib import Path

import pytest

TRY = """
import json, os, socket, subprocess, sys
from steelyard.kernel.limits import Limits
from steelyard.scanning.isolation import isolate
root, outside = sys.argv[1], sys.argv[2]
walls = isolate(Limits(), [root])

def attempt(what):
    try:
        what()
    except BaseException as error:
        return type(error).__name__
    return "done"

def by_the_other_number():
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    return str(ctypes.get_errno()) if libc.syscall(0x40000000 | 39) == -1 else "done"

def connect():
    with socket.create_connection(("127.0.0.1", 22), timeout=1):
        pass

print(json.dumps({
    "walls": walls,
    "read inside": attempt(lambda: open(os.path.join(root, "inside")).read()),
    "read outside": attempt(lambda: open(outside).read()),
    "write inside": attempt(lambda: open(os.path.join(root, "new"), "w").write("x")),
    "delete inside": attempt(lambda: os.unlink(os.path.join(root, "victim"))),
    "run a program": attempt(lambda: os.execv("/bin/true", ["true"])),
    "start a child": attempt(lambda: subprocess.run(["/bin/true"], check=True)),
    "open a socket": attempt(lambda: socket.socket()),
    "connect": attempt(connect),
    "by the other number": by_the_other_number(),
    "signal another": attempt(lambda: os.kill(os.getppid(), 0)),
    "import late": attempt(lambda: __import__("xml.dom.minidom")),
}))
"""


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    base = tmp_path_factory.mktemp("walls")
    root = base / "model"
    root.mkdir()
    (root / "inside").write_text("x")
    (root / "victim").write_text("x")
    outside = base / "secret"
    outside.write_text("x")
    done = subprocess.run(
        [sys.executable, "-c", TRY, str(root), str(outside)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, str] = json.loads(done.stdout)
    return result


def test_the_model_can_be_read_and_python_still_works(tried: dict[str, str]) -> None:
    assert tried["read inside"] == "done"
    assert tried["import late"] == "done"


@pytest.mark.parametrize(
    ("what", "wall"),
    [
        ("read outside", "landlock"),
        ("write inside", "landlock"),
        ("delete inside", "landlock"),
        ("run a program", "seccomp"),
        ("start a child", "seccomp"),
        ("open a socket", "seccomp"),
        ("connect", "network-namespace"),
    ],
)
def test_each_wall_that_is_said_to_stand_holds(tried: dict[str, str], what: str, wall: str) -> None:
    if wall not in tried["walls"]:
        pytest.skip(f"this kernel refuses the wall {wall!r}: {tried['walls']}")
    assert tried[what] != "done", f"{what} went through {wall}"


def test_every_wall_is_named_as_standing_or_not(tried: dict[str, str]) -> None:
    named = {wall.removeprefix("no ") for wall in tried["walls"]}
    assert named == {"rlimits", "privilege-lock", "network-namespace", "landlock", "seccomp"}


def test_a_file_cannot_be_grown_and_memory_is_bounded(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from steelyard.kernel.limits import Limits\n"
        "from steelyard.scanning.isolation import isolate\n"
        "isolate(Limits(memory_bytes=512 * 1024 * 1024), [sys.argv[1]])\n"
        "try:\n    bytearray(1 << 30)\nexcept MemoryError:\n    print('bounded')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "bounded", done.stderr


ORPHAN = """
import os, sys, time
from steelyard.kernel.limits import Limits
from steelyard.scanning.isolation import isolate
ready, told = os.pipe()
child = os.fork()
if not child:
    isolate(Limits(), [])
    os.write(told, b"x")
    time.sleep(60)
os.read(ready, 1)
print(child, flush=True)
"""


def test_the_process_ends_with_whoever_asked() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ORPHAN], stdout=subprocess.PIPE, text=True, timeout=30, check=True
    )
    status = Path(f"/proc/{int(done.stdout)}/stat")
    for _ in range(100):
        # Nobody may be there to reap it: a zombie has ended too.
        if not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.05)
    pytest.fail("the orphan goes on")


def test_no_other_process_can_be_signaled(tried: dict[str, str]) -> None:
    if "seccomp" not in tried["walls"]:
        pytest.skip("this kernel refuses filters")
    assert tried["signal another"] == "PermissionError"


@pytest.mark.skipif(platform.machine() != "x86_64", reason="only x86_64 has a second numbering")
def test_calls_by_their_other_number_are_refused(tried: dict[str, str]) -> None:
    if "seccomp" not in tried["walls"]:
        pytest.skip("this kernel refuses filters")
    assert tried["by the other number"] == "1", "not EPERM"
