# SPDX-License-Identifier: Apache-2.0
"""What a sandbox process says about lineage is distrusted like everything else."""

from __future__ import annotations

import msgspec
import pytest

from steelyard.kernel.inspection import FilePapers
from steelyard.kernel.lineage import LineageClaim, LineagePaper
from steelyard.platform.answers import Lie, Reader


def claim(name: str = "org/base") -> LineageClaim:
    return LineageClaim(key="base_model", quote="org\x1b[31m/base", confidence="stated", name=name)


def papers(path: str, count: int = 1, copies: int = 1) -> FilePapers:
    paper = LineagePaper(path=path, source="card", claims=(claim(),) * count)
    return FilePapers(lineage=(paper,) * copies)


def test_control_characters_do_not_pass() -> None:
    found = Reader(scanned=True).papers(papers("README.md"), "README.md", clean=False)
    assert found.lineage[0].claims[0].quote == "org\ufffd[31m/base"


@pytest.mark.parametrize(
    "said", [papers("other.md"), papers("README.md", 2_000), papers("README.md", copies=9)]
)
def test_claims_about_other_files_and_floods_are_lies(said: FilePapers) -> None:
    with pytest.raises(Lie):
        Reader(scanned=True).papers(said, "README.md", clean=False)


def test_words_that_are_none_do_not_decode() -> None:
    data = msgspec.json.encode(papers("README.md")).replace(b'"stated"', b'"certainly"')
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(data, type=FilePapers)
