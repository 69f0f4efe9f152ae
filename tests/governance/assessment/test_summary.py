# SPDX-License-Identifier: Apache-2.0
"""Summing up an inspection."""

from __future__ import annotations

from pathlib import PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from steelyard.governance.assessment import summary
from steelyard.governance.assessment.subject import identify
from steelyard.kernel.card import ModelCard, ModelConfig
from steelyard.kernel.finding import (
    Coverage,
    FileReport,
    Finding,
    Severity,
    Traits,
    Verdict,
    verdict_of,
)
from steelyard.kernel.inspection import Inspection, Scanner

SCANNER = Scanner(version="1", rules_digest="0" * 64)


def report(
    path: str,
    *,
    severities: tuple[Severity, ...] = (),
    coverage: Coverage = Coverage.FULL,
    traits: Traits | None = None,
    kind: str = "safetensors",
) -> FileReport:
    findings = tuple(
        Finding(rule=f"rule.{severity}", severity=severity, message="Seen.")
        for severity in severities
    )
    return FileReport(
        path=path,
        format=kind,
        size=1,
        sha256="a" * 64,
        verdict=verdict_of(findings, coverage),
        coverage=coverage,
        coverage_reason="" if coverage is Coverage.FULL else "not read",
        findings=findings,
        traits=traits or Traits(),
    )


def inspection(*files: FileReport, **more: object) -> Inspection:
    return Inspection(scanner=SCANNER, files=files, **more)  # type: ignore[arg-type] # test data


def test_nothing_examined_is_not_clean() -> None:
    assert summary.overall_verdict(inspection()) is Verdict.UNREADABLE
    assert summary.coverage_summary([]).level == "none"


def test_a_finding_about_the_tree_counts_like_one_about_a_file() -> None:
    escape = Finding(rule="path.symlink-escape", severity=Severity.CRITICAL, message="Escapes.")
    seen = inspection(report("a"), tree_findings=(escape,))
    assert summary.overall_verdict(seen) is Verdict.MALICIOUS
    assert [finding.path for finding in summary.located_findings(seen)] == [""]


@given(st.lists(st.sampled_from(list(Coverage)), max_size=8))
def test_coverage_counts_every_file_once_and_takes_the_worst(levels: list[Coverage]) -> None:
    files = [report(f"f{index}", coverage=level) for index, level in enumerate(levels)]
    found = summary.coverage_summary(files)
    assert found.full + found.partial + found.none == found.files == len(levels)
    assert len(found.gaps) == found.partial + found.none
    if levels:
        assert found.level == min(levels, key=["none", "partial", "full"].index)


def test_findings_are_sorted_worst_first() -> None:
    seen = inspection(
        report("b", severities=(Severity.LOW, Severity.CRITICAL)),
        report("a", severities=(Severity.HIGH,)),
    )
    order = [(finding.severity, finding.path) for finding in summary.located_findings(seen)]
    assert order == [(Severity.CRITICAL, "b"), (Severity.HIGH, "a"), (Severity.LOW, "b")]


def test_a_file_without_a_digest_is_left_out_of_the_manifest() -> None:
    unread = FileReport(
        path="b",
        format="unknown",
        size=3,
        sha256="",
        verdict=Verdict.UNREADABLE,
        coverage=Coverage.NONE,
        coverage_reason="permission denied",
    )
    manifest = summary.manifest_from(inspection(report("a"), unread))
    assert [entry.path for entry in manifest.files] == ["a"]


def test_the_same_weights_in_three_formats_are_counted_once() -> None:
    seen = inspection(
        report("m.safetensors", traits=Traits(weights=True, parameters=100)),
        report("m2.safetensors", traits=Traits(weights=True, parameters=50)),
        report("m.onnx", kind="onnx", traits=Traits(weights=True, parameters=149)),
        cards=(
            ModelCard(path="sub/README.md", pipeline_tag="wrong"),
            ModelCard(path="README.md", pipeline_tag="feature-extraction"),
        ),
        configs=(
            ModelConfig(path="config.json", model_type="bert", architectures=("BertModel",)),
            ModelConfig(path="a/config.json", architectures=("BertModel", "Pooling")),
        ),
    )
    card = summary.main_card(seen.cards)
    manifest = summary.manifest_from(seen)
    subject = identify(PurePosixPath("/x"), manifest, "pkg:huggingface/org/m@" + "1" * 40)
    model = summary.model_summary(subject, seen, card)
    assert model.parameters == 150
    assert model.formats == ("onnx", "safetensors")
    assert (model.task, model.publisher, model.model_type) == ("feature-extraction", "org", "bert")
    assert model.architectures == ("BertModel", "Pooling")


def test_the_readme_is_the_card_whatever_lies_beside_it() -> None:
    cards = [ModelCard(path=path) for path in ("MODEL_CARD.md", "README.md", "a/README.md")]
    chosen = summary.main_card(cards)
    assert chosen is not None
    assert chosen.path == "README.md"
    assert summary.main_card([]) is None
