# SPDX-License-Identifier: Apache-2.0
"""Measure how license texts are judged, beside other detectors, and print one table.

``CORPUS`` is a directory with ``cases.jsonl``: ``text``, ``label_spdx_or_key``, ``label_spdx``,
``perturbation`` and ``verdict`` (``clean``, ``modified``, ``multi``); by default the shared one
beside this repository. Every detector runs in the same run, in a process and, the others, in an
environment of its own, ``DIR/NAME/bin/python`` under ``--peers DIR`` (scancode: ``pip install
scancode-toolkit-mini 'pluggy<1.6'``; askalono: ``pyaskalono``; licenseclassifier; spdx_matcher:
``spdx-matcher``). Slow ones are asked about a random sample of ``--sample`` texts; ``n`` says how
many. Ratio is a detector's median CPU time by ours on the very texts it was asked about.

    python benchmarks/licenses.py [CORPUS] [--peers DIR] [--sample N]
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
DRIVER = HERE / "license_driver.py"
CORPUS = HERE.parents[1] / "shared" / "corpus" / "licences"
PEERS = {
    "scancode_100": "scancode",
    "scancode_95": "scancode",
    "askalono": "askalono",
    "licenseclassifier": "licenseclassifier",
    "spdx_matcher": "spdx_matcher",
}
HEAD = (
    "detector", "n", "id", "clean", "(ocr)", "passed", "flagged", "both",
    "ms", "p95", "load s", "MiB", "ratio",
)  # fmt: skip
SPDX_OF: dict[str, str] = {}
"""SPDX id of each key in the corpus."""
LEGEND = """
id       right license first, of harmless copies    clean    harmless copies called clean, no OCR
(ocr)    scanned copies called clean                passed   altered texts called clean (bad)
flagged  altered texts with the right license and not called clean
both     joined texts in which every license was named
ms, p95  CPU per text, median and 95th percentile   ratio    times our CPU time, same texts"""


def main() -> None:
    """Run the measurement."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("corpus", type=Path, nargs="?", default=CORPUS)
    parser.add_argument("--peers", type=Path, help="directory of the peers' environments")
    parser.add_argument("--sample", type=int, default=120, help="texts put to slow ones")
    options = parser.parse_args()
    path = options.corpus / "cases.jsonl"
    if not path.is_file():
        print(
            f"There are no license cases at {path}: nothing was measured. Name a directory with "
            "a cases.jsonl to measure on it.",
            file=sys.stderr,
        )
        sys.exit(2)
    cases = [json.loads(line) for line in path.read_text(encoding="utf-8").strip().split("\n")]
    SPDX_OF.update(
        (case["label_spdx_or_key"], case["label_spdx"])
        for case in cases
        if case["verdict"] != "multi" and case["label_spdx"]
    )
    ours, mine = ask(Path(sys.executable), "steelyard", cases)
    rows = [row("steelyard", cases, ours, mine, ours)]
    sample = sorted(
        random.Random(7).sample(cases, min(options.sample, len(cases))), key=lambda c: str(c["id"])
    )
    for name, folder in PEERS.items() if options.peers else ():
        python = options.peers / folder / "bin" / "python"
        if not python.exists():
            print(f"{name}: no {python}, not asked", file=sys.stderr)
            continue
        slow = folder in ("scancode", "spdx_matcher")
        asked = sample if slow else cases
        theirs, cost = ask(python, name, asked)
        rows.append(row(name, asked, theirs, cost, ours))
        if slow:
            same = {case["id"]: ours[case["id"]] for case in asked}
            rows.append(row("  (steelyard)", asked, same, mine, ours))
    widths = [max(len(line[at]) for line in [HEAD, *rows]) for at in range(len(HEAD))]
    for line in [HEAD, *rows]:
        cells = [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        print("  ".join([line[0].ljust(widths[0]), *cells]))
    print(LEGEND)


def ask(
    python: Path, name: str, cases: list[dict[str, Any]]
) -> tuple[dict[str, dict[str, Any]], dict[str, float]]:
    """Return a detector's answers by case, and what it cost."""
    question = "".join(json.dumps({"id": c["id"], "text": c["text"]}) + "\n" for c in cases)
    done = subprocess.run(
        [python, DRIVER, name], input=question.encode(), stdout=subprocess.PIPE, check=True
    )
    *answers, cost = map(json.loads, done.stdout.splitlines())
    return {answer["id"]: answer for answer in answers}, cost


def row(
    name: str,
    cases: list[dict[str, Any]],
    answers: dict[str, dict[str, Any]],
    cost: dict[str, float],
    ours: dict[str, dict[str, Any]],
) -> tuple[str, ...]:
    """Return one line of the table."""
    harmless = [case for case in cases if case["verdict"] == "clean"]
    printed = [case for case in harmless if case["perturbation"] != "ocr"]
    scanned = [case for case in harmless if case["perturbation"] == "ocr"]
    altered = [case for case in cases if case["verdict"] == "modified"]
    joined = [case for case in cases if case["verdict"] == "multi"]

    def first(case: dict[str, Any]) -> bool:
        return bool(named(case, answers[case["id"]]["names"][:2]))

    def clean(case: dict[str, Any]) -> bool:
        return bool(answers[case["id"]]["clean"])

    times = sorted(answers[case["id"]]["cpu"] for case in cases)
    median = statistics.median(times)
    own = statistics.median(ours[case["id"]]["cpu"] for case in cases)
    return (
        name,
        str(len(cases)),
        share(harmless, first),
        share(printed, lambda case: first(case) and clean(case)),
        share(scanned, lambda case: first(case) and clean(case)),
        share(altered, clean),
        share(altered, lambda case: first(case) and not clean(case)),
        share(joined, lambda case: all_named(case, answers[case["id"]]["names"])),
        f"{median * 1000:.1f}",
        f"{times[int(len(times) * 0.95)] * 1000:.1f}",
        f"{cost['load']:.2f}",
        f"{cost['rss']:.0f}",
        f"{median / own:.1f}",
    )


def labels(case: dict[str, Any]) -> list[set[str]]:
    """Return the names each license of a case goes by: its key and its SPDX id."""
    found = []
    for key in str(case["label_spdx_or_key"]).split(" AND "):
        names = {key.lower(), SPDX_OF.get(key, "").lower()} - {""}
        found.append(names | {name.removesuffix("-only") for name in names})
    return found


def named(case: dict[str, Any], names: list[str]) -> list[set[str]]:
    """Return the licenses of a case that are among ``names``."""
    said = {name.lower() for name in names} | {name.lower().removesuffix("-only") for name in names}
    return [each for each in labels(case) if each & said]


def all_named(case: dict[str, Any], names: list[str]) -> bool:
    """Tell whether every license of a case is among ``names``."""
    return len(named(case, names)) == len(labels(case))


def share(cases: list[dict[str, Any]], holds: Any) -> str:
    """Return for how many of the cases something holds, in percent."""
    return f"{100 * sum(map(holds, cases)) / len(cases):.1f}" if cases else "-"


if __name__ == "__main__":
    main()
