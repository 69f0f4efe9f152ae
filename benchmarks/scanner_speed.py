# SPDX-License-Identifier: Apache-2.0
"""Measure the scanner's cost beside other scanners and the cost of hashing, and print one table.

Every command runs in a fresh process; the figures are CPU seconds (user and system, children
included) and peak resident memory of the largest process, the best of ``--repeat`` interleaved
runs. Inputs are generated: one tiny pickle (start-up), a directory of small ones, nested records,
a safetensors file, a torch archive, and with ``--floods`` opcodes that only waste time. Other
scanners are looked for as ``DIR/<name>/bin/<name>`` under ``--peers DIR`` (one virtual environment
each); those not found are named. A run that takes longer than ``--timeout`` seconds is ended and
shown as such.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import random
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024
_PEERS = {
    "picklescan": ("--path", "{}"),
    "fickling": ("--check-safety", "{}"),
    "hayward": ("scan", "{}"),
    "modelscan": ("-p", "{}"),
    "modelaudit": ("scan", "{}"),
}
_FLOODS = {"list-pop": b"]0", "mark-pop": b"(1", "none": b"N"}
_WRAPPER = """
import json, os, resource, signal, subprocess, sys
process = subprocess.Popen(
    sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
try:
    process.wait(float(sys.argv[1]))
    ended = True
except subprocess.TimeoutExpired:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    ended = False
use = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([ended, process.returncode, use.ru_utime + use.ru_stime, use.ru_maxrss / 1024]))
"""
_HASH = """
import hashlib, sys
with open(sys.argv[1], "rb") as file:
    hashlib.file_digest(file, "sha256")
"""


@dataclass(frozen=True)
class Cost:
    """CPU seconds and peak MiB of one run; ``ended`` is false if it took too long."""

    ended: bool
    code: int
    cpu: float
    rss: float


def measure(command: list[str], timeout: float) -> Cost:
    """Run ``command`` in a fresh process group and return what it cost."""
    done = subprocess.run(
        [sys.executable, "-c", _WRAPPER, str(timeout), *command],
        capture_output=True, text=True, check=True,
        cwd=tempfile.gettempdir(),  # some leave files behind where they are started
    )  # fmt: skip
    return Cost(*json.loads(done.stdout))


def flood(path: Path, piece: bytes, size: int) -> Path:
    """Write ``piece`` over and over as one protocol 4 stream."""
    path.write_bytes(b"\x80\x04N" + piece * (size // len(piece)) + b".")
    return path


def record(index: int) -> dict[str, object]:
    """Return one row of the kind of data that fills pickles: numbers, short texts, containers."""
    source = random.Random(index)
    values = [source.random(), index % 7, None, True, source.randrange(70_000)]
    inner = {"a": [1, 2, 3, [4, 5]], "b": (index % 100, "x"), "c": {"k": [index % 3, index % 5]}}
    return {"id": index, "name": f"item {index % 5000}", "values": values, "inner": inner}


def write_records(path: Path, size: int) -> Path:
    """Write nested rows of about ``size`` bytes: a little over half an opcode a byte."""
    one = len(pickle.dumps([record(index) for index in range(1000)], 4))
    with path.open("wb") as file:
        pickle.dump([record(index) for index in range(1000 * size // one)], file, 4)
    return path


def write_safetensors(path: Path, size: int) -> Path:
    """Write one tensor of random numbers."""
    elements = size // 4
    header = {"w": {"dtype": "F32", "shape": [elements], "data_offsets": [0, 4 * elements]}}
    text = json.dumps(header).encode()
    block = os.urandom(MIB)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for _ in range(size // MIB):
            file.write(block)
    return path


def write_torch_zip(path: Path, size: int) -> Path:
    """Write an archive as torch does: a small pickle and storages of 16 MiB, stored."""
    storages = max(1, size // (16 * MIB))
    program = b"\x80\x02}(" + b"".join(
        b"X\x04\0\0\0w%03d" % index
        + b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\n"
        + b"X%c\0\0\0%dX\x03\0\0\0cpuJ\0\0@\0tQK\0" % (len(str(index)), index)
        + b"J\0\0@\0\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR"
        for index in range(storages)
    ) + b"u."  # fmt: skip
    block = os.urandom(16 * MIB)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", program)
        for index in range(storages):
            archive.writestr(f"archive/data/{index}", block)
        archive.writestr("archive/version", "3\n")
    return path


def write_many(folder: Path, count: int) -> Path:
    """Write a directory of small pickles."""
    folder.mkdir()
    for index in range(count):
        value = {"index": index, "weights": [1.0, 2.0, 3], "name": f"model{index}"}
        (folder / f"m{index}.pkl").write_bytes(pickle.dumps(value, 2 + index % 4))
    return folder


def make_inputs(folder: Path, options: argparse.Namespace) -> dict[str, Path]:
    """Write all inputs and return them by what they are called in the table."""
    size = options.size * MIB
    many = write_many(folder / "many", options.files)
    inputs = {
        "one tiny pickle": many / "m0.pkl",
        f"{options.files} small pickles": many,
        f"records, {options.size} MiB pickle": write_records(folder / "records.pkl", size),
        f"safetensors, {20 * options.size} MiB": write_safetensors(
            folder / "model.safetensors", 20 * size
        ),
        f"torch zip, {5 * options.size} MiB": write_torch_zip(folder / "model.pt", 5 * size),
    }
    if options.forest is not None:
        inputs[f"joblib forest, {options.forest.stat().st_size // MIB} MiB"] = options.forest
    for name, piece in _FLOODS.items() if options.floods else ():
        inputs[f"{name} flood, {options.size} MiB"] = flood(folder / f"{name}.pkl", piece, size)
    return inputs


def commands(peers: Path | None, target: Path) -> dict[str, list[str]]:
    """Return every command for one input, by the name of its scanner."""
    found: dict[str, list[str]] = {}
    if target.is_file():
        found["hashlib"] = [sys.executable, "-c", _HASH, str(target)]
    found["steelyard"] = [str(Path(sys.executable).with_name("steelyard")), "scan", str(target)]
    for name, arguments in _PEERS.items():
        program = peers / name / "bin" / name if peers else None
        if program is not None and program.exists():
            found[name] = [str(program), *(part.format(target) for part in arguments)]
    return found


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=Path, help="directory of one virtual environment per peer")
    parser.add_argument("--size", type=int, default=100, help="MiB of the pickle of records")
    parser.add_argument("--forest", type=Path, help="a large joblib file to measure as well")
    parser.add_argument("--floods", action="store_true", help="measure floods of opcodes as well")
    parser.add_argument("--files", type=int, default=2000, help="small pickles in one directory")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds until a run is ended")
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as scratch:
        inputs = make_inputs(Path(scratch), options)
        some = commands(options.peers, next(iter(inputs.values())))
        missing = [name for name in _PEERS if name not in some]
        print("not found, so not measured: " + (", ".join(missing) or "none"))
        print(f"{'input':28} {'scanner':12} {'CPU s':>9} {'x steelyard':>12} {'RSS MiB':>8}")
        for what, target in inputs.items():
            runs: dict[str, list[Cost]] = {}
            for _ in range(options.repeat):
                for name, command in commands(options.peers, target).items():
                    if runs.get(name) and not runs[name][-1].ended:
                        continue  # once too slow is enough
                    runs.setdefault(name, []).append(measure(command, options.timeout))
            show(what, runs)


def show(what: str, runs: dict[str, list[Cost]]) -> None:
    """Print the rows of one input."""
    base = min(cost.cpu for cost in runs["steelyard"])
    for name, costs in runs.items():
        cpu, rss = min(cost.cpu for cost in costs), max(cost.rss for cost in costs)
        late = " " if all(cost.ended for cost in costs) else ">"
        note = f"  exit {costs[-1].code}" if costs[-1].ended and costs[-1].code else ""
        print(f"{what:28} {name:12} {late}{cpu:8.2f} {cpu / base:12.2f} {rss:8.0f}{note}")


if __name__ == "__main__":
    main()
