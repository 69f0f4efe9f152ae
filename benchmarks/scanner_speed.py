# SPDX-License-Identifier: Apache-2.0
"""Measure the scanner's cost beside other scanners and the cost of hashing, and print one table.

Every command runs in a fresh process; the figures are CPU seconds (user and system, children
included) and peak resident memory of the largest process, the best of ``--repeat`` interleaved
runs. Inputs are generated: dense pickle data, opcode floods, a safetensors file, a directory of
small pickles, one tiny pickle. Other scanners are looked for as ``DIR/<name>/bin/<name>`` under
``--peers DIR`` (one virtual environment each); those not found are named. A run that takes longer
than ``--timeout`` seconds is ended and shown as such.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import subprocess
import sys
import tempfile
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
    )  # fmt: skip
    return Cost(*json.loads(done.stdout))


def flood(path: Path, piece: bytes, size: int) -> None:
    """Write ``piece`` over and over as one protocol 4 stream."""
    path.write_bytes(b"\x80\x04N" + piece * (size // len(piece)) + b".")


def make_inputs(directory: Path, mib: int, count: int) -> dict[str, Path]:
    """Write all inputs and return them by what they are called in the table."""
    size = mib * MIB
    part = {"b": [1, 2, None, True, {"x": 3, "y": []}], "c": (4, None), "d": {"k": [[], [1]]}}
    one = pickle.dumps([json.loads(json.dumps(part)) for _ in range(1000)], 4)
    rows = 1000 * size // len(one)
    inputs = {f"nested data, {mib} MiB": directory / "nested.pkl"}
    with (directory / "nested.pkl").open("wb") as file:
        pickle.dump([json.loads(json.dumps(part)) for _ in range(rows)], file, 4)
    for name, piece in (("list-pop", b"]0"), ("mark-pop", b"(1"), ("none", b"N")):
        inputs[f"{name} flood, {mib} MiB"] = directory / f"{name}.pkl"
        flood(directory / f"{name}.pkl", piece, size)
    weights = inputs[f"safetensors, {10 * mib} MiB"] = directory / "model.safetensors"
    elements = 10 * size // 4
    header = {"w": {"dtype": "F32", "shape": [elements], "data_offsets": [0, 4 * elements]}}
    text = json.dumps(header).encode()
    with weights.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        block = os.urandom(MIB)
        for _ in range(10 * mib):
            file.write(block)
    many = inputs[f"{count} small pickles"] = directory / "many"
    many.mkdir()
    for index in range(count):
        value = {"index": index, "weights": [1.0, 2.0, 3], "name": f"model{index}"}
        (many / f"m{index}.pkl").write_bytes(pickle.dumps(value, 4))
    inputs["one tiny pickle"] = many / "m0.pkl"
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
    parser.add_argument("--size", type=int, default=100, help="MiB of the pickle streams")
    parser.add_argument("--files", type=int, default=2000, help="small pickles in one directory")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds until a run is ended")
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as scratch:
        inputs = make_inputs(Path(scratch), options.size, options.files)
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
