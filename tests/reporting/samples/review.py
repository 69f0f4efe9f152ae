# SPDX-License-Identifier: Apache-2.0
"""A large chat model under a community license: a deep review."""

from __future__ import annotations

import msgspec

from steelyard.kernel.assessment import (
    Assessment,
    CoverageGap,
    CoverageSummary,
    Decision,
    Driver,
    LocatedFinding,
    Outcome,
    Reason,
    Review,
    Risk,
    SignOff,
)
from steelyard.kernel.card import Section
from steelyard.kernel.finding import Coverage, Severity, Verdict
from steelyard.kernel.license import (
    ChangedSpan,
    DeclaredLicense,
    LicenseConflict,
    LicenseFile,
    LicenseMatch,
    LicenseSummary,
    LicenseVerdict,
    Obligation,
)
from tests.reporting.samples.parts import (
    CARD,
    CLEAN_FILES,
    COMMIT,
    CONTROLS,
    LINEAGE,
    PRODUCT,
    RULES,
    component,
    trace,
)
from tests.reporting.samples.passing import approved


def review_deep() -> Assessment:
    files = (*CLEAN_FILES, component("onnx/model.onnx", "onnx", 90_387_606, Verdict.UNREADABLE,
                                     Coverage.PARTIAL))  # fmt: skip
    base = approved()
    return msgspec.structs.replace(
        base,
        subject=msgspec.structs.replace(
            base.subject,
            purl=f"pkg:huggingface/meta-llama/Llama-3.1-8B-Instruct@{COMMIT}",
            name="meta-llama/Llama-3.1-8B-Instruct",
            files=len(files),
            size=16_070_000_000,
        ),
        use_case=PRODUCT,
        environment="production",
        risk=Risk(
            tier="critical",
            score=86,
            drivers=(
                Driver(
                    dimension="personal_data",
                    value="special-category",
                    points=30,
                    why="Health data in claims.",
                ),
                Driver(dimension="exposure", value="public", points=22),
                Driver(dimension="people_affected", value="customers", points=16),
                Driver(dimension="autonomy", value="supervised", points=10),
                Driver(dimension="data_class", value="confidential", points=8),
            ),
            tier_reason="Special-category personal data meets the public: always critical.",
        ),
        license=LicenseSummary(
            declared="llama3.1",
            declarations=(
                DeclaredLicense(source="card", path="README.md", raw="llama3.1", key="llama-3.1"),
            ),
            detected=(
                LicenseMatch(
                    key="llama-3.1",
                    spdx="LicenseRef-llama-3.1",
                    coverage=0.997,
                    changed=(ChangedSpan("replace", 10, 20, "Meta", "minor"),),
                ),
            ),
            files=(
                LicenseFile(
                    path="LICENSE",
                    verdict=LicenseVerdict.VARIANT_OF,
                    matches=(
                        LicenseMatch(
                            key="llama-3.1",
                            spdx="LicenseRef-llama-3.1",
                            coverage=0.997,
                            changed=(ChangedSpan("replace", 10, 20, "Meta", "minor"),),
                        ),
                    ),
                ),
            ),
            expression="LicenseRef-llama-3.1",
            category="community",
            commercial_use="conditional",
            obligations=(
                Obligation(
                    license="Llama 3.1",
                    kind="naming",
                    text="Show “Built with Llama” where the product is described.",
                    source="Llama 3.1 Community License, 1.b.i",
                ),
                Obligation(
                    license="Llama 3.1",
                    kind="commercial",
                    text="Above 700 million monthly users, ask for a separate license.",
                    source="Llama 3.1 Community License, 2",
                ),
            ),
            conflicts=(
                LicenseConflict(
                    kind="card-vs-text",
                    message="The model card and the license text name different licenses.",
                    sources=("README.md: apache-2.0", "LICENSE: llama-3.1"),
                ),
            ),
        ),
        findings=(
            LocatedFinding(
                rule="onnx.external-data",
                severity=Severity.MEDIUM,
                path="onnx/model.onnx",
                message="The graph keeps tensors in a file that is not part of the revision.",
                location="initializer decoder.weight",
                evidence="external_data: weights.bin",
                remedy="Ask the publisher to include weights.bin.",
            ),
            LocatedFinding(
                rule="text.long-line",
                severity=Severity.INFO,
                path="tokenizer.json",
                message="One line holds the whole document.",
            ),
        ),
        coverage=CoverageSummary(
            level="partial",
            files=7,
            full=6,
            partial=1,
            none=0,
            gaps=(
                CoverageGap(
                    path="onnx/model.onnx",
                    level="partial",
                    reason="Tensors lie in an external file that is missing.",
                ),
            ),
        ),
        controls=CONTROLS,
        review=Review(
            track="deep",
            decided_by="sign-offs",
            sign_offs_required=(
                SignOff(role="security", why="deep track"),
                SignOff(role="legal", why="deep track; rule license-reviewed"),
                SignOff(role="privacy", why="deep track; rule training-data-named"),
                SignOff(role="risk", why="deep track"),
            ),
            quorum=4,
            within="15 business days",
            escalate=("head-of-risk", "executive-sponsor"),
        ),
        decision=Decision(
            outcome=Outcome.REVIEW_REQUIRED,
            reasons=(
                Reason(
                    rule="license-reviewed",
                    effect="review",
                    message="A community license asks for a lawyer's eyes before production.",
                    facts={"license.category": "community", "environment": "production"},
                    remedy="Ask legal to confirm the naming and user-cap terms.",
                    evidence=("LICENSE: llama-3.1, 99.7 % of its words",),
                    frameworks=("ISO/IEC 42001:A.10.3", "NIST-AI-RMF:GOVERN-6.1"),
                ),
                Reason(
                    rule="everything-examined",
                    effect="review",
                    message="One file could not be examined in full.",
                    facts={"coverage.level": "partial", "coverage.partial": 1},
                    remedy="Leave onnx/model.onnx out, or request the missing file.",
                    evidence=("onnx/model.onnx: tensors lie in an external file",),
                ),
            ),
        ),
        model=msgspec.structs.replace(
            base.model,
            publisher="meta-llama",
            task="text-generation",
            library="transformers",
            model_type="llama",
            architectures=("LlamaForCausalLM",),
            languages=("en", "de", "fr", "it", "pt", "hi", "es", "th"),
            parameters=8_030_261_248,
            base_models=("meta-llama/Meta-Llama-3.1-8B",),
            datasets=(),
        ),
        card=msgspec.structs.replace(
            CARD,
            title="Llama 3.1 8B Instruct",
            license=("llama3.1",),
            training_data=Section(),
            evaluations=(),
            datasets=(),
            base_models=("meta-llama/Meta-Llama-3.1-8B",),
        ),
        verdict=Verdict.SUSPICIOUS,
        files=files,
        lineage=LINEAGE,
        rules=(
            trace("license-reviewed", "true", "false", effect="review",
                  facts={"license.category": "community"},
                  would_change="A permissive license would turn this rule around."),
            trace("everything-examined", "true", "false", effect="review"),
            trace("users-below-cap", "true", "unknown", effect="review",
                  unknown=("use_case.monthly_users",)),
            *RULES,
        ),
    )  # fmt: skip
