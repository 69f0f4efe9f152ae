# SPDX-License-Identifier: Apache-2.0
"""Measure ``steelyard lineage check`` on chains and fans of nodes, in YAML and JSON.

The whole command is timed, start-up included, in CPU seconds (best of ``--repeat``), with its peak
resident memory. There is no peer: no tool found carries license terms along a lineage.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

KEYS = (
    "llama-3.1-license-2024", "mit", "apache-2.0", "unknown", "gpl-3.0", "cc-by-nc-4.0",
    "gemma-tou-2025-03-24", "stable-diffusion-2022-08-22",
)  # fmt: skip
USE = {"commercial": True, "hosted": True, "redistribute": True, "establishment": "DE",
       "monthly_users": 1000, "outputs_train_models": False}  # fmt: skip


def graph(count: int, shape: str) -> dict[str, object]:
    """Return a chain (each from the one before) or a fan (all into the last)."""
    nodes = [
        {"name": f"org/model-{at}", "kind": "model", "license": KEYS[at % len(KEYS)]}
        for at in range(count)
    ]
    edges = [
        {
            "from": f"org/model-{at}",
            "to": f"org/model-{at + 1 if shape == 'chain' else count - 1}",
            "relation": "finetune" if shape == "chain" else "merge_of",
        }
        for at in range(count - 1)
    ]
    return {"nodes": nodes, "edges": edges, "use_case": USE}


def as_yaml(document: dict[str, object]) -> str:
    """Write the graph as people write it: one flow mapping a line."""
    lines = []
    for name in ("nodes", "edges"):
        lines.append(f"{name}:")
        items = document[name]
        assert isinstance(items, list)
        lines += [f"  - {json.dumps(item)}" for item in items]
    return "\n".join([*lines, f"use_case: {json.dumps(document['use_case'])}", ""])


def cost(path: Path) -> tuple[float, float]:
    """Return CPU seconds and peak MiB of one check."""
    command = [sys.executable, "-m", "steelyard", "lineage", "check", str(path), "--format", "json"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> int:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=3)
    repeat = parser.parse_args().repeat
    print(f"{'nodes':>7} {'shape':6} {'format':6} {'CPU s':>7} {'MiB':>6}")
    with tempfile.TemporaryDirectory() as folder:
        for count in (10, 1_000, 10_000):
            for shape in ("chain", "fan"):
                document = graph(count, shape)
                for form, text in (("yaml", as_yaml(document)), ("json", json.dumps(document))):
                    path = Path(folder) / f"graph.{form}"
                    path.write_text(text, encoding="utf-8")
                    seconds, memory = min(cost(path) for _ in range(repeat))
                    print(f"{count:7} {shape:6} {form:6} {seconds:7.2f} {memory:6.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
