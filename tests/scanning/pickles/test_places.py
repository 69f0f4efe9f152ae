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


_FLOOD = b"".join(b"\x8c\x03" + at.to_bytes(3, "big") + b"\x94" for at in range(500_100))


def _run(tail: bytes) -> Machine:
    machine = Machine(DEFAULT_LIMITS, None, None)
    data = b"\x80\x04(" + _FLOOD + b"1" + tail
    machine.run(OpcodeReader(BytesSource(data), 0, DEFAULT_LIMITS))
    return machine


def _recall(index: int) -> bytes:
    return b"j" + (500_100 + index).to_bytes(4, "little")


def _put(index: int) -> bytes:
    return b"r" + (500_100 + index).to_bytes(4, "little")


def test_a_name_remembered_over_another_is_not_taken_for_the_first() -> None:
    tail = b"\x8c\x02io\x94\x8c\x04open\x94\x8c\x06system" + _put(1) + b"000"
    machine = _run(tail + _recall(0) + _recall(1) + b"\x93)R.")
    assert not machine.names
    assert machine.unresolved


def test_numbers_out_of_order_make_strings_unknown() -> None:
    tail = b"\x8c\x02io\x940\x8c\x01x" + _put(9) + b"0\x8c\x04open\x940\x8c\x06system" + _put(1)
    machine = _run(tail + b"0" + _recall(0) + _recall(1) + b"\x93)R.")
    assert ("io", "open") not in machine.names
    assert machine.unresolved


def test_calls_handed_what_is_no_longer_known_are_counted() -> None:
    call = b"cbuiltins\nrange\n"
    for tail, forgotten in (
        (b"K\x01\x85\x940" + call + _recall(0) + b"R.", 1),  # its arguments
        (b"K\x01\x85\x940" + call + _recall(0) + b"\x85R.", 1),  # one of them
        (b"C\x02ab\x940" + call + _recall(0) + b"\x85\x85R.", 1),  # within one
        (b"C\x01b\x940" + call + _recall(0) + b"\x85R.", 0),
        (b")\x940" + call + _recall(0) + b"R.", 0),
        (call + b")R" + b"K\x01\x85\x94b.", 0),  # a state just made
        (b"K\x01\x85\x940" + call + b")R" + _recall(0) + b"b.", 1),
        (b"K\x01\x85\x940" + _recall(0) + b"Q.", 1),
        (b"K\x01\x85\x940" + _recall(0) + b".", 0),
    ):
        assert _run(tail).forgotten == forgotten, tail
    assert _run(b"K\x01\x85\x940" + _recall(0) + b")R.").blind_calls


def test_a_lost_key_of_a_wrapper_is_counted() -> None:
    wrapper = b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81"
    machine = _run(b"K\x01\x85\x940" + wrapper + b"}" + _recall(0) + b"Ns.")
    assert machine.forgotten == 1
