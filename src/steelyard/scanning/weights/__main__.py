# SPDX-License-Identifier: Apache-2.0
"""The sandbox process of the weight survey: one request in, one report out, behind the walls."""

from __future__ import annotations

import os
import sys

import msgspec

from steelyard.kernel.inspection import path_of
from steelyard.kernel.weights import WeightRequest
from steelyard.scanning.isolation import isolate
from steelyard.scanning.weights.survey import survey


def main() -> None:
    """Answer one request."""
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=WeightRequest)
    walls = isolate(request.limits, [os.fsdecode(path_of(root)) for root in request.roots])
    report = msgspec.structs.replace(survey(request), isolation=walls)
    sys.stdout.buffer.write(msgspec.json.encode(report))


main()
