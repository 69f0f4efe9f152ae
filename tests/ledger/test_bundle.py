# SPDX-License-Identifier: Apache-2.0
"""The index of a bundle."""

from __future__ import annotations

import json

import pytest
from tests.ledger.build import assessment, documents

from steelyard.kernel.digest import sha256_hex
from steelyard.kernel.errors import InputError, IntegrityError
from steelyard.ledger.bundle import bundle_index, parse_index

FILES = {**documents(assessment()), "key.pub": b"key"}


def test_the_index_lists_every_document_in_order() -> None:
    data = bundle_index(FILES)
    index = parse_index(data)
    assert [file.name for file in index.files] == sorted(FILES)
    assert {file.name: file.sha256 for file in index.files} == {
        name: sha256_hex(content) for name, content in FILES.items()
    }
    assert json.loads(data)["schema"] == "steelyard.bundle/v1"
    assert bundle_index(dict(reversed(FILES.items()))) == data


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "checkpoint", "bundle.json", "ü"])
def test_names_that_are_not_plain_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="cannot name"):
        bundle_index({**FILES, name: b""})


@pytest.mark.parametrize("name", ["manifest.json", "assessment.json", "charter.json", "key.pub"])
def test_what_a_bundle_cannot_do_without(name: str) -> None:
    with pytest.raises(InputError, match=name):
        bundle_index({key: value for key, value in FILES.items() if key != name})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"steelyard.bundle/v1", b"steelyard.bundle/v2"),
        (b"charter.json", b"../arter.json"),
        (b'"name":"bom.cdx.json"', b'"name":"zom.cdx.json"'),
        (b'"size":3', b'"size":3.5'),
    ],
)
def test_other_forms_are_refused(old: bytes, new: bytes) -> None:
    data = bundle_index(FILES)
    assert old in data
    with pytest.raises(IntegrityError):
        parse_index(data.replace(old, new))
