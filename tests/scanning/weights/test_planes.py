# SPDX-License-Identifier: Apache-2.0
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.scanning.weights import planes

FORMS = {"F64": "d", "F32": "f", "F16": "e"}


def packed(dtype: str, values: list[float]) -> bytes:
    if dtype == "BF16":
        return b"".join(struct.pack("<f", value)[2:] for value in values)
    return struct.pack(f"<{len(values)}{FORMS[dtype]}", *values)


@pytest.mark.parametrize("dtype", ["F64", "F32", "F16", "BF16"])
def test_numbers_that_are_not_finite_are_counted(dtype: str) -> None:
    data = packed(dtype, [0.0, 1.5, math.inf, -2.0, -math.inf, math.nan, 65504.0, -0.0])
    assert planes.nonfinite(data, dtype) == 3


@given(st.lists(st.floats(width=32), max_size=50))
def test_counting_agrees_with_arithmetic(values: list[float]) -> None:
    expected = sum(not math.isfinite(value) for value in values)
    assert planes.nonfinite(packed("F32", values), "F32") == expected


@given(st.lists(st.floats(width=16), max_size=50))
def test_counting_agrees_with_arithmetic_in_half_precision(values: list[float]) -> None:
    expected = sum(not math.isfinite(value) for value in values)
    assert planes.nonfinite(packed("F16", values), "F16") == expected


def test_the_upper_half_of_float32_is_bfloat16() -> None:
    values = [1.0, -3.25, 1e-8, 7.5e20]
    assert planes.upper(packed("F32", values), 4) == packed("BF16", values)
    assert planes.rounded(packed("F32", values), 4) == 2


def test_bits_are_packed_both_ways() -> None:
    bits = bytes([1, 0, 1, 1, 0, 0, 0, 1])
    assert planes.low_bits(bits, 1, reverse=False) == bytes([0b10110001])
    assert planes.low_bits(bits, 1, reverse=True) == bytes([0b10001101])
    assert planes.low_bits(bytes([3, 0, 1, 2]), 2, reverse=False) == bytes([0b11000110])
    assert planes.low_bits(bytes([0xAB, 0xCD]), 4, reverse=False) == bytes([0xBD])


def test_low_bytes_keep_their_order() -> None:
    data = bytes(range(8))
    assert planes.low_bytes(data, 4, 3) == bytes([0, 1, 2, 4, 5, 6])
    assert planes.low(data, 4) == bytes([0, 4])
    assert planes.top(data, 4) == bytes([3, 7])


def test_a_sketch_survives_the_journey() -> None:
    tops = bytes(range(256)) * 3
    assert planes.unsketch(planes.sketch(tops)) == tops[: planes.SKETCH]
    assert planes.unsketch("not base64!") == b""
    assert planes.equal_signs(b"\x3f\xbf", b"\x3e\x3e") == 0.5
