# SPDX-License-Identifier: Apache-2.0
"""Strings beyond those that are kept are read again when something recalls them."""

from __future__ import annotations

from steelyard.artifacts.pickle import OpcodeReader
from steelyard.artifacts.source import BytesSource
from steelyard.kernel.limits import DEFAULT_LIMITS
from steelyard.scanning.pickles.interpreter import Machine


def test_names_behind_a_flood_of_strings_are_known() -> None:
    count = 501_000
    flood = b"".join(b"\x8c\x03" + at.to_bytes(3, "big") + b"\x94" for at in range(count))
    recalls = b"".join(b"j" + (count + at).to_bytes(4, "little") for at in (0, 1))
    data = b"\x80\x04](" + flood + b"\x8c\x02os\x94\x8c\x06system\x940e" + recalls + b"\x93)R."
    machine = Machine(DEFAULT_LIMITS, None, None)
    machine.run(OpcodeReader(BytesSource(data), 0, DEFAULT_LIMITS))
    assert machine.names["os", "system"].called
    assert not machine.unresolved
