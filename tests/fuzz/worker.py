# SPDX-License-Identifier: Apache-2.0
"""The process that examines changed files one after another and says how each ended."""

from __future__ import annotations

import resource
import sys
import time
import traceback
from multiprocessing.connection import Connection

from tests.fuzz.mutate import mutated
from tests.fuzz.seeds import kept, seeds

INPUT_SECONDS = 10.0
"""CPU and wall seconds one input may take."""
MEMORY = 512 * 1024 * 1024
"""Bytes of resident memory a process may need."""
KEPT_FIRST = -1_000_000_000
"""Numbers from here on, all negative, are the kept inputs."""
_BATCH = 25
_MORE_MEMORY = 256 * 1024 * 1024
"""Address space beyond the limit on resident memory: libraries and arenas that are not touched."""


def examine(name: str, data: bytes) -> None:
    """Examine one input as the sandbox does, without its safety net for exceptions."""
    from steelyard.artifacts.source import BytesSource
    from steelyard.kernel.errors import ArtifactError
    from steelyard.kernel.limits import DEFAULT_LIMITS
    from steelyard.scanning.interface import Context, Examination
    from steelyard.scanning.papers import Papers
    from steelyard.scanning.runner import examine_nested

    source = BytesSource(data)
    into = Examination(DEFAULT_LIMITS)
    context = Context(path=name, format="", limits=DEFAULT_LIMITS, examine_nested=examine_nested)
    examine_nested(context, source, into)
    try:
        Papers().read(name, source, ("license", "card"), DEFAULT_LIMITS, alone=False)
    except ArtifactError as error:
        raise AssertionError("papers tell of their errors in words") from error


def attempt(name: str, data: bytes) -> list[tuple[str, str]]:
    """Examine one input and return what must not happen: kind and words, or nothing."""
    found = []
    started = time.process_time()
    try:
        examine(name, data)
    except (Exception, RecursionError, MemoryError) as error:
        found.append(("broke", "".join(traceback.format_exception(error)[-6:])))
    spent = time.process_time() - started
    if spent > INPUT_SECONDS:
        found.append(("slow", f"{spent:.1f} CPU seconds"))
    return found


def work(pipe: Connection, first: int, step: int) -> None:
    """Run inputs ``first``, ``first + step``, … until the parent is gone."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY + _MORE_MEMORY, MEMORY + _MORE_MEMORY))
    sys.setrecursionlimit(1000)
    listed, held = seeds(), kept()
    number = first
    count = 0
    while True:
        name, data = held[number - KEPT_FIRST] if number < 0 else mutated(number, listed)
        pipe.send(("begin", number, name))
        for kind, text in attempt(name, data):
            pipe.send((kind, number, text))
        count += 1
        if count % _BATCH == 0:
            used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            if used > MEMORY:
                pipe.send(("large", number, f"{used // 1024 // 1024} MiB resident"))
                return
        number += step
        if number < 0 and number - KEPT_FIRST >= len(held):
            return
