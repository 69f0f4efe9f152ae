# SPDX-License-Identifier: Apache-2.0
"""A paper is read whatever encoding it was saved in, and offsets count its characters."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.shared import shared

from steelyard.kernel.license import LicenseVerdict
from steelyard.licensing.decode import decode
from steelyard.licensing.detect import detect_text

CHINESE = "本协议适用于模型。您可以使用、复制和分发。但不得用于商业目的。" * 4


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1"],
)
def test_western_texts(encoding: str) -> None:
    text = "Copyright © 2024 José García. You may use “it”.\n".replace("“", '"').replace("”", '"')
    assert decode(text.encode(encoding)).lstrip("\ufeff") == text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gbk", "gb18030"])
def test_chinese_texts(encoding: str) -> None:
    assert decode(CHINESE.encode(encoding)).lstrip("\ufeff") == CHINESE


def test_a_cut_character_and_a_broken_byte_do_not_change_the_rest() -> None:
    data = CHINESE.encode()
    assert decode(data[:-1])[:-1] == CHINESE[:-1]
    broken = data[:30] + b"\xff" + data[30:]
    assert decode(broken).replace("\ufffd", "") == CHINESE


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
def test_a_license_is_the_same_in_every_encoding(encoding: str) -> None:
    text = (shared("corpus", "licences", "texts") / "MIT.txt").read_text(encoding="utf-8")
    clean = detect_text("LICENSE", decode(text.encode(encoding)))
    assert clean.verdict in (LicenseVerdict.EXACT, LicenseVerdict.SAME_WORDING)
    altered = decode(text.replace("without restriction", "with restriction").encode(encoding))
    (span,) = detect_text("LICENSE", altered).matches[0].changed
    assert altered[span.start : span.end] == span.text == "with"


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    assert isinstance(decode(data), str)


def test_it_is_linear() -> None:
    begun = time.process_time()
    for data in (b"\xe4" * 2_000_000, b"\xe4a" * 1_000_000, b"\0" * 2_000_000):
        decode(data)
    assert time.process_time() - begun < 6
