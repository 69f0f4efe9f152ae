# SPDX-License-Identifier: Apache-2.0
import gzip
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.scanning.weights.make import floats

from steelyard.scanning.weights.hidden import (
    changes_character,
    find_payload,
    recognize,
    windows_of,
)

ELF = b"\x7fELF\x02\x01\x01\x00" + bytes(8) + b"\x02\x00\x3e\x00" + random.Random(1).randbytes(400)
TEXT = b"import os\nos.system('true')\n# a few more words to make this a text of its own\n"


def spread(carrier: bytes, payload: bytes, bits: int) -> bytes:
    """Write ``payload`` into the lowest ``bits`` of every F32 number, highest bit first."""
    out = bytearray(carrier)
    stream = "".join(f"{byte:08b}" for byte in payload)
    for index in range(0, len(stream), bits):
        at = index // bits * 4
        part = stream[index : index + bits]
        out[at] = out[at] >> bits << bits | int(part, 2)
    return bytes(out)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize(("payload", "kind"), [(ELF, "ELF program"), (TEXT, "text")])
def test_a_file_in_the_low_bits_is_found(bits: int, payload: bytes, kind: str) -> None:
    found = find_payload(spread(floats(4096, 1), payload, bits), "F32")
    assert found is not None
    assert found[0] == kind


def test_a_file_in_the_three_low_bytes_behind_its_length_is_found() -> None:
    body = gzip.compress(random.Random(2).randbytes(3000))
    payload = len(body).to_bytes(4, "little") + body
    carrier = bytearray(floats(4096, 3))
    for index, byte in enumerate(payload):
        carrier[index // 3 * 4 + index % 3] = byte
    assert find_payload(bytes(carrier), "F32") == (
        "gzip data",
        "the 3 lowest bytes of every number",
    )


def test_a_file_in_half_precision_is_found() -> None:
    carrier = bytearray(random.Random(4).randbytes(2048))
    carrier[0 : 2 * len(ELF) : 2] = ELF
    assert find_payload(bytes(carrier), "F16") == ("ELF program", "the lowest byte of every number")


@pytest.mark.parametrize("seed", range(20))
def test_honest_numbers_hold_nothing(seed: int) -> None:
    assert find_payload(floats(4096, seed), "F32") is None
    assert find_payload(random.Random(seed).randbytes(8192), "BF16") is None


@pytest.mark.parametrize("fill", [b"\0", b" ", b"A", b"\x80"])
def test_constant_numbers_hold_nothing(fill: bytes) -> None:
    assert find_payload(fill * 8192, "F32") is None


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_recognizing_never_fails(data: bytes) -> None:
    assert isinstance(recognize(data), str)


def test_structure_in_some_windows_is_told_from_noise_everywhere() -> None:
    honest = [windows_of(floats(2048, seed), "F32") for seed in range(8)]
    assert not changes_character(honest)
    written = bytearray(floats(2048, 9))
    written[::4] = (TEXT * 40)[:2048]
    assert changes_character([*honest[:7], windows_of(bytes(written), "F32")])


def test_repeated_rows_are_not_structure() -> None:
    honest = [windows_of(floats(2048, seed), "F32") for seed in range(6)]
    row = floats(128, 50)
    assert not changes_character([*honest, *[windows_of(row * 16, "F32")] * 2])


def test_rows_of_zeros_are_not_structure() -> None:
    honest = [windows_of(floats(2048, seed), "F32") for seed in range(6)]
    assert not changes_character([*honest, *[windows_of(bytes(8192), "F32")] * 2])
