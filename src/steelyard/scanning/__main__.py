# SPDX-License-Identifier: Apache-2.0
"""The sandbox process: ``python -m steelyard.scanning`` (protocol version 1).

Standard input carries one JSON :class:`~steelyard.kernel.inspection.InspectionRequest` and is read
to its end. The walls go up before any file of the request is opened. Standard output then carries
one JSON :class:`~steelyard.kernel.inspection.Reply` a line: a finished file each, so that what was
done survives a crash, and one last line with everything else. Standard error is for progress, if
the request asks for it: the path of a file and its size in bytes, as JSON, when it is finished.
"""

from __future__ import annotations

import os
import sys

import msgspec

from steelyard.kernel.inspection import InspectionRequest, Reply, path_of
from steelyard.scanning.isolation import isolate
from steelyard.scanning.runner import Runner

_SWITCH = 0.00005
"""Seconds the examining thread may hold the interpreter while a hashing thread waits for it."""


def main() -> None:
    """Answer one request."""
    sys.setswitchinterval(_SWITCH)
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=InspectionRequest)
    walls = isolate(request.limits, [os.fsdecode(path_of(root)) for root in request.roots])
    runner = Runner(request)
    encoder = msgspec.json.Encoder()
    out = sys.stdout.buffer
    for report in runner.reports():
        out.write(encoder.encode(Reply(file=report)) + b"\n")
        if request.progress:
            out.flush()
            sys.stderr.buffer.write(encoder.encode([report.path, report.size]) + b"\n")
            sys.stderr.flush()
    out.write(encoder.encode(Reply(end=runner.end(walls))) + b"\n")
    out.flush()


main()
