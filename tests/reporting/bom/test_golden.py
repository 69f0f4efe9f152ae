# SPDX-License-Identifier: Apache-2.0
"""The documents to the byte. ``python -m tests.reporting.bom.test_golden`` writes them anew."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from steelyard.reporting.bom import SPECS, Spec, write_bom
from steelyard.reporting.bom.coverage import coverage_of
from steelyard.reporting.bom.revision import Revision
from tests.reporting.bom.revisions import drawn, empty, rich

GOLDEN = Path(__file__).parent / "golden"


def cases() -> dict[str, Revision]:
    return {
        "rich": rich(),
        "drawn": msgspec.structs.replace(rich(), drawn=drawn()),
        "empty": empty(),
    }


@pytest.mark.parametrize("name", list(cases()))
@pytest.mark.parametrize("spec", SPECS)
def test_the_document_is_the_same_to_the_byte(name: str, spec: Spec) -> None:
    assert (GOLDEN / f"{name}.{spec}.json").read_bytes() == write_bom(cases()[name], spec) + b"\n"


def test_the_coverage_is_the_same() -> None:
    expected = (GOLDEN / "rich.coverage.json").read_bytes()
    assert expected == _coverage()


def _coverage() -> bytes:
    found = coverage_of(write_bom(rich()), "cyclonedx-1.6")
    return msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n"


def write() -> None:
    for name, revision in cases().items():
        for spec in SPECS:
            (GOLDEN / f"{name}.{spec}.json").write_bytes(write_bom(revision, spec) + b"\n")
    (GOLDEN / "rich.coverage.json").write_bytes(_coverage())


if __name__ == "__main__":
    write()
