# SPDX-License-Identifier: Apache-2.0
"""Measure what the scanner detects on a labelled corpus, per technique and format, beside others.

``CORPUS`` is a directory with ``dev.csv`` (columns ``path,label,technique``; label ``malicious``,
``benign`` or ``suspicious``) and the files it names, or any other directory: then there are no
labels, and what is of interest is where scanners disagree. Every file counts with the verdict the
command ``steelyard scan`` gives it, all in one run. ``--misses`` lists every file whose verdict is
not what its label asks for, with the reason.

``--peers DIR`` asks other scanners as well, each installed in an environment of its own,
``DIR/NAME/bin/python`` (see ``peer_driver.py`` for the names). ``--disagreements`` lists the files
that one calls bad and another does not. Slow ones can be given a random ``--sample``.

    python benchmarks/scanners.py CORPUS [--misses] [--technique NAME]
    python benchmarks/scanners.py CORPUS --peers DIR [--disagreements] [--sample N]
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from peer_driver import PEERS

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
    """Return the labelled rows of a corpus, or every file below any other directory."""
    if not (corpus / "dev.csv").is_file():
        paths = sorted(path for path in corpus.rglob("*") if path.is_file())
        return [{"path": str(p.relative_to(corpus)), "label": "", "technique": ""} for p in paths]
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


def ask_peers(folder: Path, paths: list[Path]) -> dict[str, dict[str, str]]:
    """Return what every peer found in ``folder`` says of every path."""
    answers: dict[str, dict[str, str]] = {}
    question = "".join(f"{path}\n" for path in paths).encode()
    for name in PEERS:
        python = folder / name / "bin" / "python"
        if not python.exists():
            print(f"{name}: not found in {folder}, not asked")
            continue
        driver = Path(__file__).with_name("peer_driver.py")
        done = subprocess.run([python, driver, name], input=question, stdout=subprocess.PIPE)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        answers[name] = {line["path"]: line["verdict"] for line in lines}
    return answers


def peer_table(rows: list[tuple[str, str]], answers: dict[str, dict[str, str]]) -> None:
    """Print detection and false alarms side by side; ``rows`` are label and path."""
    print(f"\n{'scanner':14}{'n':>6}{'malicious detected':>22}{'benign detected':>18}"
          f"{'benign warned':>16}{'errors':>9}")  # fmt: skip
    for name, said in answers.items():
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for label, path in rows:
            if path in said:
                counts[label][said[path]] += 1
        bad, good = counts["malicious"], counts["benign"]
        errors = sum(counter["error"] for counter in counts.values())
        print(f"{name:14}{sum(c.total() for c in counts.values()):>6}"
              f"{_share(bad['detected'], bad):>22}{_share(good['detected'], good):>18}"
              f"{_share(good['warning'], good):>16}{errors:>9}")  # fmt: skip


def _share(part: int, whole: Counter[str]) -> str:
    return f"{part}/{whole.total()} {100 * part / max(whole.total(), 1):.1f} %"


def disagreements(rows: list[tuple[str, str]], answers: dict[str, dict[str, str]]) -> None:
    """Print every file that some call bad and others do not, ours first."""
    for label, path in rows:
        said = {name: answer[path] for name, answer in answers.items() if path in answer}
        if len({verdict == "detected" for verdict in said.values()}) > 1:
            words = ", ".join(f"{name} {verdict}" for name, verdict in said.items())
            print(f"{path} {f'[{label}] ' if label else ''}: {words}")


def ours(report: dict[str, Any]) -> str:
    """Return our verdict in the peers' words."""
    words = {"malicious": "detected", "suspicious": "warning", "clean": "nothing"}
    return words.get(report["verdict"], "error")


def compare(
    options: argparse.Namespace, rows: list[tuple[str, str]], reports: dict[str, dict[str, Any]]
) -> None:
    """Ask the peers, and print what they say beside what we do."""
    if options.sample and options.sample < len(rows):
        rows = sorted(random.Random(7).sample(rows, options.sample))
    answers = {"steelyard": {path: ours(reports[path]) for _, path in rows}}
    answers |= ask_peers(options.peers, [Path(path) for _, path in rows])
    peer_table(rows, answers)
    if options.disagreements:
        print()
        disagreements(rows, answers)


def main() -> None:
    """Run the measurement."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--misses", action="store_true", help="list every wrong verdict")
    parser.add_argument("--technique", default="", help="only this technique")
    parser.add_argument("--peers", type=Path, help="directory of the peers' environments")
    parser.add_argument("--sample", type=int, default=0, help="ask peers about so many files only")
    parser.add_argument("--disagreements", action="store_true", help="list them")
    options = parser.parse_args()
    corpus = options.corpus.resolve()
    rows = rows_of(corpus, options.technique)
    labelled = (corpus / "dev.csv").is_file()
    reports = scan([corpus / "files" if labelled else corpus])
    if labelled:
        score(corpus, rows, reports, misses=options.misses)
    if options.peers:
        places = [(row["label"], str(corpus / row["path"])) for row in rows]
        compare(options, [place for place in places if place[1] in reports], reports)


def score(
    corpus: Path,
    rows: list[dict[str, str]],
    reports: dict[str, dict[str, Any]],
    *,
    misses: bool,
) -> None:
    """Print what was detected by technique, by format and in total."""
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
        if misses and verdict not in wanted:
            rules = sorted({f["rule"] for f in report["findings"] if f["severity"] in GRAVE})
            why = "; ".join([*rules, report["coverage_reason"]])
            print(f"{label} {row['technique']} {row['path']}: {verdict} ({why})")
    table("technique", by_technique)
    table("format", by_format)
    print()
    summary(totals)


if __name__ == "__main__":
    main()
