# SPDX-License-Identifier: Apache-2.0
"""What a bill of materials covers is read from the document itself, alike in every standard."""

from __future__ import annotations

import io
import re

import msgspec
import pytest
from hypothesis import given, settings
from rich.console import Console

from steelyard.catalog.bom_clusters import bom_clusters
from steelyard.catalog.frameworks import all_items
from steelyard.reporting.bom import SPECS, Spec, write_bom
from steelyard.reporting.bom.coverage import BomCoverage, coverage_of, render_coverage
from steelyard.reporting.bom.revision import Revision, of_assessment
from tests.reporting import samples
from tests.reporting.bom.revisions import drawn, empty, revisions, rich


def covered(revision: Revision, spec: Spec = "cyclonedx-1.6") -> BomCoverage:
    return coverage_of(write_bom(revision, spec), spec)


def absent(coverage: BomCoverage) -> dict[str, tuple[str, ...]]:
    return {item.id.partition(":")[2]: item.absent for item in coverage.clusters if item.absent}


def test_every_cluster_of_the_framework_is_there_with_its_source() -> None:
    known = [item for item in all_items() if item.id.startswith("G7-SBOM-AI:")]
    assert [cluster.item for cluster in bom_clusters().clusters] == known
    assert len(known) == 7
    for item in covered(rich()).clusters:
        assert item.confidence == "secondary"
        assert item.source
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", item.as_of)
    assert "judgment" in covered(rich()).mapping


def test_every_field_has_content_in_some_document() -> None:
    """A path that is misspelled would never find anything."""
    full = msgspec.structs.replace(
        rich(),
        drawn=drawn(),
        decided=of_assessment(samples.approved()).decided,
    )
    card = full.card
    assert card is not None
    evaluation = msgspec.structs.replace(card.evaluation, stated=True, excerpt="On SQuAD.")
    full = msgspec.structs.replace(full, card=msgspec.structs.replace(card, evaluation=evaluation))
    for spec in SPECS:
        assert absent(covered(full, spec)) == {}


@pytest.mark.parametrize("spec", SPECS)
def test_what_nobody_states_is_absent(spec: Spec) -> None:
    coverage = covered(empty(), spec)
    content = {item.id.partition(":")[2]: item.content for item in coverage.clusters}
    assert content == {
        "1": True, "2": True, "3": True, "4": False, "5": False, "6": False, "7": True,
    }  # fmt: skip
    assert absent(coverage)["2"] == ("use case", "environment", "intended use", "dependencies")
    assert "digests of the files" in absent(coverage)["7"]


@settings(max_examples=40, deadline=None)
@given(revisions())
def test_the_standards_agree(revision: Revision) -> None:
    one, two, three = (covered(revision, spec).clusters for spec in SPECS)
    assert one == two
    for ours, theirs in zip(one, three, strict=True):
        # SPDX keeps what CycloneDX has no single place for, and the other way round: a metric
        # without a value, a declared license beside an expression.
        assert set(ours.present) >= set(theirs.present) - _LOOSE
        assert set(theirs.present) >= set(ours.present) - _LOOSE


_LOOSE = {
    "performance metrics",
    "models it was made from",
    "architecture",
    "dependencies",
    "license, concluded or declared",
}


def test_the_table_fits_a_terminal() -> None:
    file = io.StringIO()
    render_coverage(Console(file=file, width=100), covered(rich()))
    text = file.getvalue()
    assert all(len(line) <= 100 for line in text.splitlines())
    for part in ("4 Dataset Properties (DP)", "licenses of data sets", "secondary", "judgment"):
        assert part in " ".join(text.split())
