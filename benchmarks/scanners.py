# SPDX-License-Identifier: Apache-2.0
"""Measure what the scanner detects on a labelled corpus, per technique and per format.

``CORPUS`` is a directory with ``dev.csv`` (columns ``path,label,technique``; label ``malicious``,
``benign`` or ``suspicious``) and the files it names. Every file counts with the verdict the command
``steelyard scan`` gives it, all in one run. ``--misses`` lists every file whose verdict is not what
its label asks for, with the reason.

    python benchmarks/scanners.py CORPUS [--misses] [--technique NAME]
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
VERDICTS = ("malicious", "suspicious", "unreadable", "clean")
GRAVE = ("critical", "high", "medium")


def scan(paths: list[Path]) -> dict[str, dict[str, Any]]:
    """Return the report of every file below ``paths`` by absolute path."""
    command = [sys.executable, "-m", "steelyard", "scan", *map(str, paths), "--format", "json"]
    done = subprocess.run(command, capture_output=True, cwd=ROOT)
    if done.returncode not in (0, 1, 3):
        sys.exit(done.stderr.decode())
    root = paths[0] if len(paths) == 1 else Path()
    return {str(root / report["path"]): report for report in json.loads(done.stdout)["files"]}


def rows_of(corpus: Path, technique: str) -> list[dict[str, str]]:
    """Return the labelled rows of a corpus."""
    with (corpus / "dev.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [row for row in rows if technique in ("", row["technique"])]


def table(title: str, counts: dict[tuple[str, str], Counter[str]]) -> None:
    """Print one table of verdicts."""
    print(f"\n{title:34} {'label':11}{'n':>5}" + "".join(f"{name:>12}" for name in VERDICTS))
    for (label, name), counter in sorted(counts.items()):
        cells = "".join(f"{counter[verdict] or '':>12}" for verdict in VERDICTS)
        print(f"{name:34} {label:11}{counter.total():>5}{cells}")


def summary(totals: dict[str, Counter[str]]) -> None:
    """Print the shares that matter."""
    bad, good = totals["malicious"], totals["benign"]
    for text, part, whole in (
        ("malicious detected", bad["malicious"], bad),
        ("malicious at least flagged", bad["malicious"] + bad["suspicious"], bad),
        ("malicious called clean", bad["clean"], bad),
        ("benign flagged malicious", good["malicious"], good),
        ("benign flagged suspicious", good["suspicious"], good),
        ("benign unreadable", good["unreadable"], good),
    ):
        number = whole.total()
        print(f"{text:30} {part:>4} / {number:<4} {100 * part / max(number, 1):6.2f} %")


def main() -> None:
    """Run the measurement."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--misses", action="store_true", help="list every wrong verdict")
    parser.add_argument("--technique", default="", help="only this technique")
    options = parser.parse_args()
    corpus = options.corpus.resolve()
    rows = rows_of(corpus, options.technique)
    reports = scan([corpus / "files"])
    by_technique: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    by_format: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    totals: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        report = reports[str(corpus / row["path"])]
        label, verdict = row["label"], report["verdict"]
        by_technique[label, row["technique"]][verdict] += 1
        by_format[label, report["format"]][verdict] += 1
        totals[label][verdict] += 1
        wanted = {"malicious": ("malicious",), "benign": ("clean",)}.get(label, VERDICTS)
        if options.misses and verdict not in wanted:
            rules = sorted({f["rule"] for f in report["findings"] if f["severity"] in GRAVE})
            why = "; ".join([*rules, report["coverage_reason"]])
            print(f"{label} {row['technique']} {row['path']}: {verdict} ({why})")
    table("technique", by_technique)
    table("format", by_format)
    print()
    summary(totals)


if __name__ == "__main__":
    main()
