# SPDX-License-Identifier: Apache-2.0
"""Measure the main job beside its physical limit, in one run, and print one table.

* ``assess`` of a safetensors directory against ``hashlib.file_digest`` of the same file: wall time
  ratio and peak resident memory (of the command and of its sandbox process, whichever is larger).
* ``steelyard --help``: CPU time.
* ``scan`` of one small file: wall time, sandbox included.

Run it with ``make bench``; ``--size`` sets the gigabytes of the large file. Runs are interleaved
and the best of ``--repeat`` is shown, because a shared machine only ever adds time.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024
ROOT = Path(__file__).resolve().parent.parent
USE_CASE = ROOT / "examples" / "use-cases" / "internal-search.yaml"


@dataclass(frozen=True)
class Cost:
    """Wall and CPU seconds, and peak resident MiB of the largest process."""

    wall: float
    cpu: float
    rss: float


def make_model(directory: Path, gigabytes: float) -> Path:
    """Write a safetensors repository with one weight file of about ``gigabytes`` GiB."""
    size = int(gigabytes * 1024) * MIB
    rows = size // (4 * 1024)
    header = json.dumps(
        {"weight": {"dtype": "F32", "shape": [rows, 1024], "data_offsets": [0, rows * 4096]}}
    ).encode()
    header += b" " * (-len(header) % 8)
    path = directory / "model.safetensors"
    block = os.urandom(MIB)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        for _ in range(rows * 4096 // MIB):
            file.write(block)
    (directory / "config.json").write_text('{"model_type": "bert", "architectures": ["BertModel"]}')
    (directory / "README.md").write_text("---\nlicense: apache-2.0\n---\n# Measured model\n")
    return path


def measure(command: list[str]) -> Cost:
    """Run ``command`` in a fresh child and return what it and its children cost."""
    # A grandchild's peak memory is folded into its parent's RUSAGE_CHILDREN when it is waited for,
    # so a small wrapper process reports the maximum over the whole family of this command alone.
    wrapper = (
        "import json,resource,subprocess,sys,time\n"
        "start=time.perf_counter()\n"
        "done=subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL,stderr=subprocess.PIPE)\n"
        "wall=time.perf_counter()-start\n"
        "use=resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(json.dumps([done.returncode,wall,use.ru_utime+use.ru_stime,use.ru_maxrss/1024]))\n"
        "sys.stderr.buffer.write(done.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", wrapper, *command], capture_output=True, text=True)
    code, wall, cpu, rss = json.loads(done.stdout)
    if code != 0:
        raise SystemExit(f"{' '.join(command)} ended with {code}:\n{done.stderr}")
    return Cost(wall, cpu, rss)


def measure_hash(path: Path) -> Cost:
    """Hash ``path`` with the standard library, in this process."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    start = time.perf_counter()
    with path.open("rb") as file:
        hashlib.file_digest(file, "sha256")
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall, cpu, after.ru_maxrss / 1024)


def best(costs: list[Cost]) -> Cost:
    """Return the smallest of each figure, memory at its largest."""
    return Cost(
        min(cost.wall for cost in costs),
        min(cost.cpu for cost in costs),
        max(cost.rss for cost in costs),
    )


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=float, default=2.0, help="GiB of the large file")
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    steelyard = str(Path(sys.executable).with_name("steelyard"))
    with tempfile.TemporaryDirectory() as scratch:
        model = Path(scratch) / "model"
        model.mkdir()
        weights = make_model(model, options.size)
        small = Path(scratch) / "small.json"
        small.write_text('{"model_type": "bert"}')
        # As on a user's machine, modules are compiled once and kept.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["STEELYARD_KEY"] = str(Path(scratch) / "key.pem")
        os.environ["STEELYARD_LEDGER"] = str(Path(scratch) / "ledger")
        assess = [steelyard, "assess", str(model), "--use-case", str(USE_CASE)]
        assess += ["--charter", "starter", "--format", "json"]
        measure_hash(weights)  # warm the page cache for both
        hashes, plain, recorded, helps, scans = [], [], [], [], []
        for turn in range(options.repeat):
            hashes.append(measure_hash(weights))
            plain.append(measure(assess))
            output = str(Path(scratch) / f"bundle-{turn}")
            recorded.append(measure([*assess, "--output", output]))
            helps.append(measure([steelyard, "--help"]))
            scans.append(measure([steelyard, "scan", str(small)]))
    base = best(hashes)
    rows = [
        (f"hashlib.file_digest, {options.size:g} GiB", base, ""),
        (f"assess, {options.size:g} GiB safetensors", best(plain), "<= 1.25x, <= 150 MiB"),
        ("assess --output (signed bundle)", best(recorded), "<= 1.25x, <= 150 MiB"),
        ("scan, one small file", best(scans), "<= 0.400 s wall"),
        ("steelyard --help", best(helps), "<= 0.150 s CPU"),
    ]
    print(f"{'what':36} {'wall s':>8} {'CPU s':>8} {'RSS MiB':>8} {'x hash':>7}  goal")
    for name, cost, goal in rows:
        ratio = f"{cost.wall / base.wall:.2f}" if "GiB" in name or "bundle" in name else ""
        print(f"{name:36} {cost.wall:8.3f} {cost.cpu:8.3f} {cost.rss:8.1f} {ratio:>7}  {goal}")


if __name__ == "__main__":
    main()
