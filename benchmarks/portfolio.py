# SPDX-License-Identifier: Apache-2.0
"""Measure how fast a portfolio is judged again, beside other policy engines, and print two tables.

The first: ``--assessments`` generated records (100,000), as JSON, judged under a charter of
``--rules`` rules (50) by ``--jobs`` processes (2). CPU is that of a whole worker, its start, its
imports and the decoding included; then the same by ``steelyard charter replay`` from one such
charter to another, which judges each record twice, compares and counts.

The second: twenty rules each engine can say, in one run, answers held to plain Python. Peers live
in an environment of their own, ``DIR/bin/python`` under ``--peers DIR`` (``pip install cel-python
common-expression-language regopy cedarpy``). Slow ones are asked about fewer facts. No two
of these models are alike, which is the hardest for an engine that remembers. A microsecond is CPU
for one assessment of 20 rules, from its JSON text; ratio is by the row of steelyard.

    python benchmarks/portfolio.py [--assessments N] [--rules N] [--jobs N] [--peers DIR]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from common_rules import COMMON, Common  # noqa: E402
from tests.charter.portfolio import MODELS, realistic, recorded  # noqa: E402

from steelyard.charter.batch import Batch  # noqa: E402
from steelyard.charter.facts import Facts  # noqa: E402
from steelyard.charter.load import shipped  # noqa: E402
from steelyard.charter.resolve import from_resolved, resolved_json  # noqa: E402
from steelyard.charter.schema import Charter  # noqa: E402
from steelyard.cli.progress import counting  # noqa: E402
from steelyard.governance.replay.service import Order, replay  # noqa: E402
from steelyard.platform.records import Block, read_blocks  # noqa: E402
from steelyard.platform.workers import share  # noqa: E402

DRIVER = Path(__file__).resolve().parent / "rule_driver.py"
OURS = ("steelyard", "steelyard_one_by_one")
TARGET = 10.0
"""CPU seconds for one worker."""
PEERS = {"common_expression_language": 2000, "cedarpy": 1000, "regopy": 200, "cel_python": 60}
"""Assessments each is asked about; its answers tell that they suffice for a steady figure."""


def main() -> None:
    """Run both measurements."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--assessments", type=int, default=100_000)
    parser.add_argument("--models", type=int, default=MODELS, help="different models in them")
    parser.add_argument("--rules", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--peers", type=Path, help="environment of the peers")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "recorded.jsonl"
        write_portfolio(file, options.assessments, options.models)
        judged_again(file, options.rules, options.jobs)
        replayed(file, options.rules, options.jobs)
    beside_others(options.peers)


def write_portfolio(file: Path, count: int, models: int) -> None:
    """Write ``count`` records of so many models, a line each."""
    with file.open("wb") as out, counting(count * 1700) as progress:
        for record in recorded(count, seed=50, models=models):
            line = msgspec.json.encode(record) + b"\n"
            out.write(line)
            if progress is not None:
                progress(len(line), 1)
    print(f"{count:,} records of {models:,} models, {file.stat().st_size / 2**20:,.0f} MiB of JSON")


def charter_of(rules: int, name: str = "regulated") -> Charter:
    """Return a shipped charter with exactly ``rules`` rules; where it has less, more are made."""
    charter = shipped(name)
    found = list(charter.rules[:rules])
    for at in range(rules - len(found)):
        like = charter.rules[at % len(charter.rules)]
        found.append(
            msgspec.structs.replace(
                like, id=f"more-{at}", require=f"({like.require}) || card.completeness > {at}"
            )
        )
    return msgspec.structs.replace(charter, rules=tuple(found))


# A portfolio under one charter

_state: list[tuple[Batch, msgspec.json.Decoder[Any]]] = []


class _Line(msgspec.Struct):
    facts: Facts


def prepare(charter: bytes) -> None:
    """Make a worker ready."""
    _state[:] = [(Batch(from_resolved(charter)), msgspec.json.Decoder(_Line))]


def judge_block(block: Block) -> tuple[int, int, int, float, float]:
    """Return the worker, records and bytes done, and its CPU seconds and peak MiB so far."""
    batch, decoder = _state[0]
    for _, line in block.records:
        batch.decide(decoder.decode(line).facts)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return os.getpid(), len(block.records), block.size, time.process_time(), peak


def judged_again(file: Path, rules: int, jobs: int) -> None:
    """Judge every record and print what each worker needed."""
    charter = charter_of(rules)
    assert len(charter.rules) == rules
    begun = time.monotonic()
    workers: dict[int, tuple[int, float, float]] = {}
    given = (resolved_json(charter),)
    results = share(judge_block, read_blocks(file), jobs=jobs, prepare=prepare, given=given)
    with counting(file.stat().st_size) as progress:
        for worker, done, size, cpu, peak in results:
            before = workers.get(worker, (0, 0.0, 0.0))
            workers[worker] = (before[0] + done, cpu, peak)
            if progress is not None:
                progress(size, done)
    wall = time.monotonic() - begun
    total = sum(done for done, _, _ in workers.values())
    print(f"\njudged under {rules} rules by {len(workers)} processes")
    print("worker  assessments   CPU s  us each  peak MiB")
    for at, (done, cpu, peak) in enumerate(workers.values(), 1):
        each = cpu / done * 1e6
        print(f"{at:6}  {done:11,}  {cpu:6.2f}  {each:7.0f}  {peak:8.0f}")
    worst = max(cpu for _, cpu, _ in workers.values())
    print(
        f"wall {wall:.1f} s, {total / wall:,.0f} assessments/s, "
        f"{total * rules / wall:,.0f} rule evaluations/s; "
        f"{'within' if worst <= TARGET else 'OVER'} {TARGET:.0f} s of CPU for each"
    )


def replayed(file: Path, rules: int, jobs: int) -> None:
    """Replay from one charter to another and print what it found and needed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    order = Order(old=charter_of(rules, "standard"), new=charter_of(rules), records=file, jobs=jobs)
    with counting(file.stat().st_size) as progress:
        done = replay(order, progress)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    tally = done.tally
    print(f"\nreplayed from one charter of {rules} rules to another by {done.jobs} processes")
    print(
        f"{tally.judged:,} judged twice, {tally.unjudged} not; {tally.stricter:,} stricter, "
        f"{tally.looser:,} looser; CPU of all workers {cpu:.1f} s, wall {done.seconds:.1f} s, "
        f"{tally.judged / done.seconds:,.0f} assessments/s, "
        f"{done.evaluations / done.seconds:,.0f} rule evaluations/s, "
        f"peak {after.ru_maxrss / 1024:.0f} MiB"
    )


# Twenty rules beside others


def beside_others(peers: Path | None) -> None:
    """Ask every engine the same and print one table."""
    draw = random.Random(20)
    facts = [known(realistic(draw, at)) for at in range(5000)]
    truth = ["".join("01"[bool(rule.python(item))] for rule in COMMON) for item in facts]
    texts = [json.dumps(item) for item in facts]
    own = [row(name, Path(sys.executable), texts, truth) for name in OURS]
    rows = [plain_python(texts), *own]
    for name, count in PEERS.items() if peers is not None else ():
        assert peers is not None
        rows.append(row(name, peers / "bin" / "python", texts[:count], truth))
    base = rows[1][3]
    print("\ntwenty rules                 rules  facts  load s  us/facts    ratio  disagree")
    for name, rules, count, cpu, load, wrong in rows:
        print(
            f"{name:27}  {rules:5}  {count:5}  {load:6.2f}  {cpu:8.1f}  {cpu / base:7.2f}  {wrong}"
        )
    if peers is None:
        print("--peers DIR asks other engines, too.")


Row = tuple[str, int, int, float, float, str]


def plain_python(texts: list[str]) -> Row:
    """Return what twenty lambdas need: no sandbox, and nobody but programmers reads them."""
    begun = time.process_time()
    for text in texts:
        item = json.loads(text)
        for rule in COMMON:
            rule.python(item)
    each = (time.process_time() - begun) / len(texts) * 1e6
    return "plain Python", len(COMMON), len(texts), each, 0.0, "the truth"


def row(name: str, python: Path, texts: list[str], truth: list[str]) -> Row:
    """Ask one engine in a process of its own; say where it differs from plain Python."""
    asked = [(at, rule) for at, rule in enumerate(COMMON) if text_of(rule, name) is not None]
    rules = {rule.name: text_of(rule, name) for _, rule in asked}
    done = subprocess.run(
        [python, DRIVER, name], input=json.dumps({"rules": rules, "facts": texts}).encode(),
        stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    answer = json.loads(done.stdout)
    wrong: dict[str, int] = {}
    for found, right in zip(answer["answers"], truth, strict=False):
        for said, (at, rule) in zip(found, asked, strict=True):
            if said != right[at]:
                wrong[rule.name] = wrong.get(rule.name, 0) + 1
    said = ", ".join(f"{rule} {count}x" for rule, count in wrong.items()) or "never"
    each = answer["cpu"] / len(texts) * 1e6
    return name, len(asked), len(texts), each, answer["load"], said


def text_of(rule: Common, engine: str) -> str | None:
    """Return a rule in the language of an engine."""
    return {"regopy": rule.rego, "cedarpy": rule.cedar}.get(engine, rule.cel)


def known(facts: dict[str, Any]) -> dict[str, Any]:
    """Return facts with everything that the twenty rules read: peers differ about the unknown."""
    facts["artifacts"]["executes_on_load"] = bool(facts["artifacts"]["executes_on_load"])
    facts["license"]["category"] = facts["license"]["category"] or "community"
    return _without_nothing(facts)


def _without_nothing(value: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _without_nothing(item) if isinstance(item, dict) else item
        for key, item in value.items()
        if item is not None
    }


if __name__ == "__main__":
    main()
