# SPDX-License-Identifier: Apache-2.0
"""A clean sentence encoder: approved, and approved with conditions."""

from __future__ import annotations

import msgspec

from steelyard.kernel.assessment import (
    Assessment,
    Condition,
    CoverageSummary,
    Decision,
    Driver,
    Model,
    Outcome,
    Reason,
    Review,
    Risk,
    Subject,
)
from steelyard.kernel.digest import sha256_hex
from steelyard.kernel.finding import Verdict
from steelyard.kernel.license import (
    DeclaredLicense,
    LicenseFile,
    LicenseMatch,
    LicenseSummary,
    LicenseVerdict,
    Obligation,
)
from tests.reporting.samples.parts import (
    CARD,
    CHARTER,
    CLEAN_FILES,
    COMMIT,
    CONTROLS,
    PILOT,
    RULES,
    SCANNER,
)


def approved() -> Assessment:
    return Assessment(
        subject=Subject(
            purl=f"pkg:huggingface/sentence-transformers/all-MiniLM-L6-v2@{COMMIT}",
            name="sentence-transformers/all-MiniLM-L6-v2",
            commit=COMMIT,
            manifest_sha256=sha256_hex(b"minilm"),
            files=len(CLEAN_FILES),
            size=sum(file.size for file in CLEAN_FILES),
        ),
        use_case=PILOT,
        environment="sandbox",
        charter=CHARTER,
        risk=Risk(
            tier="low",
            score=18,
            drivers=(
                Driver(dimension="data_class", value="internal", points=8, why="Our own papers."),
                Driver(dimension="people_affected", value="staff", points=6),
                Driver(dimension="model_origin", value="third party", points=4),
                Driver(dimension="personal_data", value="none", points=0),
            ),
            tier_reason="The score of 18 is below 30, where moderate begins.",
        ),
        license=LicenseSummary(
            declared="apache-2.0",
            declarations=(
                DeclaredLicense(
                    source="card",
                    path="README.md",
                    raw="apache-2.0",
                    key="apache-2.0",
                    spdx="Apache-2.0",
                ),
            ),
            detected=(LicenseMatch(key="apache-2.0", spdx="Apache-2.0", coverage=1.0),),
            files=(
                LicenseFile(
                    path="LICENSE",
                    verdict=LicenseVerdict.EXACT,
                    matches=(LicenseMatch(key="apache-2.0", spdx="Apache-2.0", coverage=1.0),),
                ),
            ),
            expression="Apache-2.0",
            category="permissive",
            commercial_use="yes",
            obligations=(
                Obligation(
                    license="Apache-2.0",
                    kind="attribution",
                    text="Keep the license text and notices with every copy you hand on.",
                    source="Apache-2.0, section 4",
                ),
            ),
        ),
        findings=(),
        coverage=CoverageSummary(level="full", files=6, full=6, partial=0, none=0),
        controls=CONTROLS[:1],
        review=Review(track="fast", decided_by="standing-approval"),
        decision=Decision(outcome=Outcome.APPROVED, valid_until="2027-06-30"),
        model=Model(
            publisher="sentence-transformers",
            task="sentence-similarity",
            library="sentence-transformers",
            model_type="bert",
            architectures=("BertModel",),
            languages=("en",),
            formats=("safetensors",),
            parameters=22_713_728,
            base_models=CARD.base_models,
            datasets=CARD.datasets,
        ),
        card=CARD,
        verdict=Verdict.CLEAN,
        files=CLEAN_FILES,
        rules=RULES,
        facts={
            "model": {"publisher": "sentence-transformers", "task": "sentence-similarity"},
            "scan": {"worst": "clean", "executes_on_load": False},
            "license": {"category": "permissive"},
            "risk": {"tier": "low", "score": 18},
        },
        scanner=SCANNER,
        isolation=("network-namespace", "landlock", "rlimits"),
        assessed_at="2026-11-24T09:30:00Z",
    )


def conditions() -> Assessment:
    return msgspec.structs.replace(
        approved(),
        environment="staging",
        risk=Risk(
            tier="moderate",
            score=41,
            drivers=(
                Driver(dimension="exposure", value="partner", points=22),
                Driver(dimension="data_class", value="internal", points=12),
                Driver(dimension="autonomy", value="assistive", points=7),
            ),
            tier_reason="The score of 41 lies between 30 and 60.",
        ),
        controls=CONTROLS,
        decision=Decision(
            outcome=Outcome.APPROVED_WITH_CONDITIONS,
            reasons=(
                Reason(
                    rule="outputs-monitored",
                    effect="condition",
                    message="The model serves partners, so its outputs must be monitored.",
                    facts={"use_case.exposure": "partner"},
                    frameworks=("EU-AI-ACT:Art.72",),
                ),
            ),
            conditions=(
                Condition(
                    rule="outputs-monitored",
                    text="Monitor the scores weekly and keep the last 90 days.",
                ),
                Condition(rule="english-only", text="Use it for English text only."),
            ),
            valid_until="2027-05-24",
        ),
    )
