# SPDX-License-Identifier: Apache-2.0
"""A sandbox process: ``python -m steelyard.scanning PAGE`` (protocol version 2).

The first line of standard input is one JSON :class:`~steelyard.kernel.inspection.InspectionRequest`
without files. The walls go up and the plug-ins are loaded before any file is opened. Every further
line is a batch: a JSON list of :class:`~steelyard.kernel.inspection.TreeFile`; the end of the input
ends the process.

Standard output carries one JSON :class:`~steelyard.kernel.inspection.Reply` a line: that the walls
stand, each finished file, and the end of each batch. PAGE is the number of the descriptor of memory
shared with the parent, where the file in work stands, so that it is known if this process dies.
"""

from __future__ import annotations

import mmap
import os
import sys
import time

import msgspec

from steelyard.kernel.inspection import (
    PAGE_BYTES,
    PAGE_HASHED,
    PAGE_NUMBER,
    InspectionRequest,
    Refusal,
    Reply,
    TreeFile,
    path_of,
)
from steelyard.scanning.isolation import isolate
from steelyard.scanning.plugin_host import PluginFailure, load_plugins
from steelyard.scanning.runner import Runner

_SWITCH = 0.00005
"""Seconds the examining thread may hold the interpreter while a hashing thread waits for it."""
_KEEP_SECONDS = 0.05
"""Answers that were not sent yet are lost in a crash and asked for again; so keep them briefly."""
_KEEP_BYTES = 64 * 1024


class _Page:
    """The page shared with the parent."""

    def __init__(self, descriptor: int) -> None:
        self._numbers = memoryview(mmap.mmap(descriptor, PAGE_BYTES)).cast("Q")

    def begin(self, number: int) -> None:
        """Note the file in work."""
        self._numbers[PAGE_HASHED] = 0
        self._numbers[PAGE_NUMBER] = number

    def hashed(self, count: int) -> None:
        """Note how much of it was hashed."""
        self._numbers[PAGE_HASHED] = count


class _Out:
    """The pipe to the parent, written to in few calls; what others print goes nowhere."""

    def __init__(self) -> None:
        self._pipe = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        self._encode = msgspec.json.Encoder().encode
        self._kept = bytearray()
        self._sent = time.monotonic()

    def say(self, reply: Reply, *, now: bool = False) -> None:
        """Send one reply, at once or soon."""
        kept = self._kept
        kept += self._encode(reply)
        kept += b"\n"
        moment = time.monotonic()
        if now or len(kept) > _KEEP_BYTES or moment - self._sent > _KEEP_SECONDS:
            self._pipe.write(kept)
            self._pipe.flush()
            kept.clear()
            self._sent = moment


def main() -> None:
    """Answer one request."""
    sys.setswitchinterval(_SWITCH)
    page = _Page(int(sys.argv[1]))
    lines = sys.stdin.buffer
    request = msgspec.json.decode(lines.readline(), type=InspectionRequest)
    readable = [*request.roots, *(path for plugin in request.plugins for path in plugin.paths)]
    walls = isolate(request.limits, [os.fsdecode(path_of(root)) for root in readable])
    out = _Out()
    try:
        plugins = load_plugins(request.plugins)
    except PluginFailure as failure:
        out.say(Reply(refused=Refusal(plugin=failure.plugin, reason=failure.reason)), now=True)
        return
    runner = Runner(request, watch=page, plugins=plugins)
    out.say(Reply(ready=runner.ready(walls)), now=True)
    batches = msgspec.json.Decoder(tuple[TreeFile, ...])
    while line := lines.readline():
        for report, papers in runner.examine(batches.decode(line)):
            out.say(Reply(file=report, papers=papers))
        out.say(Reply(done=True), now=True)


main()
