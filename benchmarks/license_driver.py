# SPDX-License-Identifier: Apache-2.0
"""Asks one license detector about many texts; run by that detector's own Python.

``python license_driver.py NAME`` reads a JSON line ``{"id", "text"}`` for each text from standard
input and writes a JSON line for each: ``names`` (best first), ``clean`` (the tool reports that
license and nothing wrong with the text) and ``cpu`` (seconds of this process). The last line tells
``load`` (CPU seconds until the first answer to an empty question) and ``rss`` (peak MiB).
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

Answer = tuple[list[str], bool]
Ask = Callable[[str], Answer]


def steelyard() -> Ask:
    """Clean is what counts as that license: exact or the same wording."""
    import steelyard.kernel.quick  # noqa: F401
    from steelyard.licensing.detect import detect_text

    def ask(text: str) -> Answer:
        file = detect_text("LICENSE", text)
        names = [name for match in file.matches for name in (match.key, match.spdx)]
        if file.verdict == "unknown":
            names = []  # the nearest is named, not adopted
        return names, file.verdict in ("exact", "same_wording")

    return ask


def _scancode(threshold: float) -> Ask:
    from licensedcode.cache import get_index, get_licenses_db

    index, licenses = get_index(), get_licenses_db()

    def ask(text: str) -> Answer:
        found = sorted(index.match(query_string=text), key=lambda each: each.len(), reverse=True)
        keys = list(dict.fromkeys(key for each in found for key in each.rule.license_keys()))
        names = [name for key in keys for name in (key, licenses[key].spdx_license_key or key)]
        clean = len(keys) == 1 and all(each.score() >= threshold for each in found)
        return names, clean

    return ask


def scancode_100() -> Ask:
    """Clean: one license, every match of it with a score of 100."""
    return _scancode(100)


def scancode_95() -> Ask:
    """Clean: one license, every match of it with a score of 95 and more."""
    return _scancode(95)


def askalono() -> Ask:
    """Clean: a score of 0.9 and more, the tool's own threshold."""
    from askalono import identify

    def ask(text: str) -> Answer:
        found = identify(text)
        name = str(found.name) if found is not None else ""
        return [name] if name else [], bool(name) and float(found.score) >= 0.9

    return ask


def licenseclassifier() -> Ask:
    """Clean: one license is named; the tool names none below its own coverage threshold."""
    from licenseclassifier import identify_license

    def ask(text: str) -> Answer:
        names = list(dict.fromkeys(each.id for each in identify_license(text)))
        return names, len(names) == 1

    return ask


def spdx_matcher() -> Ask:
    """Clean: one license whose template matches, and covers nearly the whole text."""
    from spdx_matcher import analyse_license_text

    def ask(text: str) -> Answer:
        found, share = analyse_license_text(text)
        names = list(found["licenses"])
        return names, len(names) == 1 and share >= 0.95

    return ask


TOOLS: dict[str, Callable[[], Ask]] = {
    each.__name__: each
    for each in (steelyard, scancode_100, scancode_95, askalono, licenseclassifier, spdx_matcher)
}


def main(name: str) -> None:
    """Answer every question."""
    lines = sys.stdin.readlines()
    begun = time.process_time()
    ask = TOOLS[name]()
    ask("Nothing.")
    load = time.process_time() - begun
    for line in lines:
        question = json.loads(line)
        begun = time.process_time()
        try:
            names, clean = ask(question["text"])
        except Exception as error:
            print(f"{name}: {question['id']}: {error!r}", file=sys.stderr)
            names, clean = [], False
        cpu = time.process_time() - begun
        answer = {"id": question["id"], "names": names, "clean": clean, "cpu": cpu}
        print(json.dumps(answer), flush=True)
    print(json.dumps({"load": load, "rss": peak()}))


def peak() -> float:
    """Return this process's own peak memory in MiB; a parent's does not count."""
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text().split("\n"):
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main(sys.argv[1])
