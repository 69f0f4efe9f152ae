# SPDX-License-Identifier: Apache-2.0
"""An assessment in which a stranger wrote every text."""

from __future__ import annotations

import msgspec

from steelyard.kernel.assessment import (
    Assessment,
    ComponentFile,
    CoverageGap,
    Decision,
    LocatedFinding,
    Model,
    Outcome,
    Reason,
)
from steelyard.kernel.card import EvaluationResult, ModelCard, Section
from steelyard.kernel.digest import sha256_hex
from steelyard.kernel.finding import Severity, Verdict
from steelyard.kernel.license import (
    DeclaredLicense,
    LicenseConflict,
    LicenseFile,
    LicenseMatch,
    LicenseSummary,
    LicenseVerdict,
    Obligation,
)
from steelyard.kernel.lineage import (
    Claim,
    Contradiction,
    GraphEdge,
    GraphNode,
    ProvenanceGraph,
)
from tests.reporting.samples.parts import (
    trace,
)
from tests.reporting.samples.rejecting import rejected


def infected(text: str) -> Assessment:
    """A rejected assessment with ``text`` in every place a stranger can write to."""
    base = rejected()
    return msgspec.structs.replace(
        base,
        subject=msgspec.structs.replace(base.subject, name=text, purl=text, commit=text),
        use_case={"name": text, "purpose": text, text or "x": [text]},
        findings=(
            LocatedFinding(
                rule=text,
                severity=Severity.CRITICAL,
                path=text,
                message=text,
                location=f"member {text}",
                evidence=text,
                remedy=text,
            ),
        ),
        license=LicenseSummary(
            declared=text,
            declarations=(DeclaredLicense(source="card", path=text, raw=text, spdx=text),),
            expression=text,
            files=(
                LicenseFile(
                    path=text,
                    verdict=LicenseVerdict.UNKNOWN,
                    matches=(LicenseMatch(key=text, spdx=text, coverage=0.5),),
                ),
            ),
            detected=(LicenseMatch(key=text, spdx=text, coverage=0.5),),
            conflicts=(LicenseConflict(kind=text, message=text, sources=(text,)),),
            obligations=(Obligation(license=text, kind=text, text=text, source=text),),
        ),
        coverage=msgspec.structs.replace(
            base.coverage, gaps=(CoverageGap(path=text, level="none", reason=text),)
        ),
        model=Model(
            publisher=text,
            task=text,
            library=text,
            model_type=text,
            architectures=(text,),
            languages=(text,),
            formats=(text,),
            base_models=(text,),
            datasets=(text,),
        ),
        card=ModelCard(
            path=text,
            title=text,
            evaluations=(EvaluationResult(task=text, dataset=text, metric=text, value=text),),
            training_data=Section(stated=True, heading=text, excerpt=text),
            intended_use=Section(stated=True, heading=text, excerpt=text),
            limitations=Section(stated=True, heading=text, excerpt=text),
            problems=(text,),
        ),
        files=(
            ComponentFile(
                path=text,
                format=text,
                size=1,
                sha256=sha256_hex(b"x"),
                verdict=Verdict.CLEAN,
                coverage="full",
            ),
        ),
        decision=Decision(
            outcome=Outcome.REJECTED,
            reasons=(
                Reason(
                    rule="r",
                    effect="reject",
                    message=text,
                    facts={text: text, "nested": {text: [text]}},
                    remedy=text,
                    evidence=(text,),
                    frameworks=(text,),
                ),
            ),
        ),
        rules=(trace("r", "true", "false", facts={text: text}, unknown=(text,)),),
        facts={text: {text: text}},
        isolation=(text,),
        lineage=ProvenanceGraph(
            subject=text,
            origin="stated",
            nodes=(
                GraphNode(name=text, kind="model", license=text, state="assessed"),
                GraphNode(name=f"a{text}", kind="dataset", license=text, license_source=text),
            ),
            edges=(
                GraphEdge(
                    upstream=f"a{text}",
                    downstream=text,
                    relation="trained_on",
                    confidence="weak",
                    claims=(Claim(file=text, key=text, quote=text, confidence="weak"),),
                ),
            ),
            contradictions=(
                Contradiction(
                    kind=text,
                    severity="high",
                    message=text,
                    quotes=(Claim(file=text, key=text, quote=text, confidence="weak"),),
                ),
            ),
            evaluated_on=(text,),
            problems=(text,),
        ),
    )
