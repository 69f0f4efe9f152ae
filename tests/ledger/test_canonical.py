# SPDX-License-Identifier: Apache-2.0
"""Canonical JSON: one spelling, and strict reading."""

from __future__ import annotations

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from steelyard.kernel.errors import InputError, IntegrityError
from steelyard.ledger.canonical import canonical, parse, parse_canonical, sha256_of

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=20,
)


def test_the_example_of_the_rfc() -> None:
    # RFC 8785, section 3.2.2 and 3.2.3
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": '€$\u000f\nA\'B"\\\\"/',
        "literals": [None, True, False],
    }
    assert (
        canonical(value)
        == (
            '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
            '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
        ).encode()
    )


@given(VALUES | st.integers() | st.floats() | st.lists(st.floats(), max_size=2))
def test_the_fast_way_writes_what_the_slow_way_writes(value: object) -> None:
    try:
        expected = rfc8785.dumps(value)  # type: ignore[arg-type]
    except ValueError:
        with pytest.raises(InputError):
            canonical(value)
    else:
        assert canonical(value) == expected


@pytest.mark.parametrize(
    "value", ["\ud800", {"a": 2**53}, {1: 2}, [float("nan")], {"a": {"b": b""}}]
)
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(InputError):
        canonical(value)


@given(VALUES)
def test_what_is_written_is_read_back_strictly(value: object) -> None:
    assert parse_canonical(canonical(value)) == value
    assert sha256_of(value) == sha256_of(parse(canonical(value)))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" {}",
        b"{}\n",
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a": 1}',
        b"1.0",
        b"NaN",
        b'"\\u0041"',
        b'"\xff"',
        b'"\\ud800"',
        b"[" * 100_000,
        b"123456789012345678901234567890",
        b"9" * 5000,
    ],
)
def test_any_other_spelling_is_refused(data: bytes) -> None:
    with pytest.raises(IntegrityError):
        parse_canonical(data)


@pytest.mark.parametrize("value", [2**53, float("nan"), "\ud800", {1: 2}, object()])
def test_what_has_no_form_is_refused(value: object) -> None:
    with pytest.raises(InputError):
        canonical(value)
