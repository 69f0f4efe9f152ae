# SPDX-License-Identifier: Apache-2.0
"""A baseline is the result of a scan, or a sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reporting import samples

from steelyard.kernel.errors import InputError
from steelyard.kernel.finding import Verdict
from steelyard.reporting.json_document import scan_json
from steelyard.triage.baseline import read_baseline


def test_what_a_scan_wrote_is_read() -> None:
    files = samples.scan_files()
    found = read_baseline(scan_json(files, samples.SCANNER, Verdict.MALICIOUS), "b.json")
    assert set(found.files) == {"", *(file.path for file in files)}
    for file in files:
        known = found.files[file.path]
        assert known.sha256 == file.sha256
        assert tuple(known.findings.values()) == file.findings


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not the result of a scan"),
        (b"[]", "Expected `object`"),
        (b"{", "truncated"),
        (b'{"schema": "steelyard.scan/v1"}', "files"),
        (b'{"schema": "other/v1", "files": []}', "its schema is 'other/v1'"),
        (b'{"schema": "steelyard.scan/v1", "files": [{"path": 1}]}', "path"),
        (b"[" * 100_000, "not the result of a scan"),
    ],
)
def test_anything_else_is_a_sentence_with_a_next_step(data: bytes, why: str) -> None:
    with pytest.raises(InputError, match=r"The baseline 'b\.json'") as caught:
        read_baseline(data, "b.json")
    assert why in caught.value.message
    assert "--write-baseline" in caught.value.next_step
    assert caught.value.code == "baseline.unreadable"


@given(st.binary(max_size=200))
def test_any_bytes_give_a_baseline_or_an_input_error(data: bytes) -> None:
    with pytest.raises(InputError):
        read_baseline(data, "b.json")
