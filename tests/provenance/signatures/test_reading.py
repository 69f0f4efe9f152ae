# SPDX-License-Identifier: Apache-2.0
"""The readers of strangers' JSON: bounded, strict, linear, and never any other error."""

from __future__ import annotations

import base64
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.provenance.signatures import build

from steelyard.kernel.errors import IntegrityError
from steelyard.provenance.signatures import reading
from steelyard.provenance.signatures.attestation import weigh_attestations
from steelyard.provenance.signatures.bundle import read_bundle
from steelyard.provenance.signatures.model import verify_model
from steelyard.provenance.signatures.reading import decode_base64, read_json
from steelyard.provenance.signatures.statement import read_statement

MODEL = build.manifest()
POLICY = build.trusting(build.golden_key("p256"))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
BUNDLE = json.loads(build.golden("p256.sig"))


@given(st.dictionaries(st.text(), JSON, max_size=6))
def test_plain_json_reads_as_the_standard_library_does(value: dict[str, object]) -> None:
    try:
        data = json.dumps(value).encode()
        expected = json.loads(data)
        read = read_json(data, "document")
    except IntegrityError as error:
        assert "digits" in error.message
    else:
        assert read == expected


@given(st.binary(max_size=200))
def test_any_bytes_are_answered(data: bytes) -> None:
    assert verify_model(data, MODEL, POLICY).outcome == "invalid"
    assert all(one.outcome == "invalid" for one in weigh_attestations("a", data, MODEL, POLICY))


@given(
    st.sampled_from(["mediaType", "verificationMaterial", "dsseEnvelope"]),
    JSON,
)
def test_any_value_in_any_place_is_answered(name: str, value: object) -> None:
    data = json.dumps(BUNDLE | {name: value}).encode()
    assert verify_model(data, MODEL, POLICY).outcome in ("invalid", "untrusted", "verified")


@given(st.integers(0, len(build.golden("p256.sig")) - 1), st.binary(min_size=1, max_size=3))
def test_any_change_of_a_bundle_is_answered(position: int, new: bytes) -> None:
    good = build.golden("p256.sig")
    data = good[:position] + new + good[position + len(new) :]
    report = verify_model(data, MODEL, POLICY)
    if report.outcome == "verified":  # an unsigned part: the hint, white space, an unknown member
        assert read_bundle(data).envelope.payload == read_bundle(good).envelope.payload
        assert report.differences == ()


@given(
    st.fixed_dictionaries(
        {
            "_type": st.just("https://in-toto.io/Statement/v1"),
            "predicateType": st.just(build.OMS) | JSON,
            "subject": JSON,
            "predicate": JSON | st.fixed_dictionaries({"resources": JSON, "serialization": JSON}),
        }
    )
)
def test_any_signed_statement_is_answered(told: dict[str, object]) -> None:
    key = KEY
    report = verify_model(build.bundle(key, told), MODEL, build.trusting(build.public(key)))
    assert report.outcome in ("invalid", "undecidable")


KEY = build.p256()


@given(st.binary(max_size=100))
def test_base64_has_one_spelling(data: bytes) -> None:
    text = base64.b64encode(data).decode()
    assert decode_base64(text, "x") == data
    for other in (text + "\n", " " + text, text.rstrip("=") + "!", text + "===="):
        with pytest.raises(IntegrityError):
            decode_base64(other, "x")


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"b":1}}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":' + b"1" * 21 + b"}",
        b'{"a":0.' + b"1" * 100 + b"}",
        b"[" * 65 + b"]" * 65,
        b'{"a":' * 65 + b"1" + b"}" * 65,
        b"[1]",
        b'"text"',
        b'{"a":"\xff"}',
        b'{"a":"\\ud800"}',
        b'{"\\uDC00":1}',
        b"{",
        b"",
    ],
)
def test_what_readers_could_disagree_on_is_refused(data: bytes) -> None:
    with pytest.raises(IntegrityError):
        read_json(data, "document")


def test_size_and_count_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_BUNDLE", 10)
    with pytest.raises(IntegrityError, match="larger"):
        read_json(b'{"a":"0123456789"}', "document")
    monkeypatch.undo()
    monkeypatch.setattr(reading, "_MAX_VALUES", 10)
    with pytest.raises(IntegrityError, match="too many"):
        read_json(b'{"a":[' + b"1," * 11 + b"1]}", "document")


def test_a_whole_character_of_two_halves_is_fine() -> None:
    assert read_json(b'{"a":"\\ud83d\\ude00"}', "document") == {"a": "\N{GRINNING FACE}"}


def test_brackets_in_strings_do_not_count() -> None:
    assert read_json(b'{"a":"' + b"[" * 100 + b'\\"{,"}', "document")


@pytest.mark.parametrize(
    "hostile",
    [b'{"a":"' + b'\\"' * 2_000_000, b'"' * 2_000_001, b"\\" * 2_000_000, b'{"":' * 1_000_000],
)
def test_the_bounds_are_checked_in_linear_time(hostile: bytes) -> None:
    begun = time.perf_counter()
    with pytest.raises(IntegrityError):
        read_json(hostile, "document")
    assert time.perf_counter() - begun < 10


def test_an_old_statement_is_read() -> None:
    told = build.attestation("t", None, ["0" * 64]) | {"_type": "https://in-toto.io/Statement/v0.1"}
    found = read_statement(json.dumps(told).encode())
    assert (found.predicate, found.subjects[0].digests) == ({}, {"sha256": "0" * 64})
