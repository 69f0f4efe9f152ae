# SPDX-License-Identifier: Apache-2.0
"""Two questions of the EU AI Act that turn on license and lineage, as facts with their reasons.

*Does the open-source exemption cover the model?* Article 53(2) of Regulation (EU) 2024/1689 frees
from 53(1)(a) and (b) those general-purpose models released under a free and open-source license
that allows access, use, modification and distribution, whose weights, architecture and usage
information are public, unless the model carries systemic risk. 53(1)(c) and (d) stay.

*Does whoever modified it become its provider?* The Commission's guidelines say: when the
modification took more than a third of the compute that trained the original, or, where that is not
known, of the threshold for general-purpose models (or for systemic risk).

Each answer names its source. Both are readings, not decisions: the answers say what they rest on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from steelyard.catalog.license_terms import LicenseTerms
from steelyard.kernel.lineage_answer import GpaiFact, GpaiFacts

AS_OF = "2026-11-27"
EXEMPTION_SOURCE = (
    "Regulation (EU) 2024/1689, Article 53(2) and recitals 102 and 104; read in "
    "intuitem/ciso-assistant-community@f990d7b ai-act.yaml and overview.legal/laws/ai-act/rec-102"
)
MODIFIER_SOURCE = (
    "Commission guidelines on general-purpose AI models, C(2025) 7719, one-third rule; read in "
    "docs.modulos.ai (commission-guidance/gpai-models) and jdsupra.com 5570317"
)
GPAI_FLOP = 1e23
"""Indicative training compute of a general-purpose model (guidelines, secondary source)."""
SYSTEMIC_FLOP = 1e25
"""Training compute from which systemic risk is presumed (Article 51(2))."""

_WITHHOLDS = {
    "no-commercial-use": "rules out business use",
    "research-only": "permits research only",
    "no-production": "rules out production",
    "no-managed-service": "rules out offering it as a service",
    "purpose": "rules out fields of use",
    "territory": "leaves out whole territories",
    "user-cap": "ends at a number of users",
    "revenue-cap": "ends at a revenue",
    "registration": "asks for a registration",
    "needs-license": "asks for a separate license",
    "no-distribution": "rules out passing it on",
    "no-derivatives": "rules out changed versions",
    "no-output-training": "restricts what outputs are used for",
    "outputs-no-commercial-use": "restricts what outputs are used for",
    "acceptable-use": "binds use to a policy",
    "pass-on-restrictions": "binds every recipient to use restrictions",
}
"""Terms a free and open-source license does not have. Credit and same terms are allowed
(recital 102)."""


class Release(Struct, frozen=True, kw_only=True):
    """How a model was released and trained. What is not stated is unknown."""

    weights_public: bool | None = None
    architecture_public: bool | None = None
    usage_public: bool | None = None
    """Information on how to use it is public."""
    systemic_risk: bool | None = None
    training_flop: float | None = None
    """Compute that trained the original model, in floating-point operations."""
    modification_flop: float | None = None
    """Compute of the modification, in floating-point operations."""


def gpai_facts(licenses: Sequence[LicenseTerms | None], release: Release) -> GpaiFacts:
    """Return both facts for a model under ``licenses`` (None is an unknown one)."""
    return GpaiFacts(
        open_source_exemption=_exemption(licenses, release),
        modifier_becomes_provider=_modifier(release),
    )


def _exemption(licenses: Sequence[LicenseTerms | None], release: Release) -> GpaiFact:
    against = [
        f"{terms.key} {_WITHHOLDS[term.code]}."
        for terms in licenses
        if terms is not None
        for term in terms.terms
        if term.code in _WITHHOLDS and not term.encouraged
    ]
    unknown: list[str] = []
    if not licenses or any(terms is None for terms in licenses):
        unknown.append("A license is not known.")
    _public(release, against, unknown)
    systemic = release.systemic_risk
    if systemic is None and release.training_flop is not None:
        systemic = release.training_flop > SYSTEMIC_FLOP
    if systemic:
        against.append("The model carries systemic risk, for which there is no exemption.")
    elif systemic is None:
        unknown.append("Whether the model carries systemic risk is not stated.")
    if against:
        return _fact("no", against, EXEMPTION_SOURCE)
    if unknown:
        return _fact("unknown", unknown, EXEMPTION_SOURCE)
    reason = (
        "The license permits use, change and distribution without limits of field or size, and "
        "weights, architecture and usage information are public. Copyright policy and training "
        "summary, 53(1)(c) and (d), stay due."
    )
    return _fact("yes", [reason], EXEMPTION_SOURCE)


def _public(release: Release, against: list[str], unknown: list[str]) -> None:
    for what, public in (
        ("The weights", release.weights_public),
        ("Information on the architecture", release.architecture_public),
        ("Information on usage", release.usage_public),
    ):
        if public is False:
            against.append(f"{what} is not public.".replace("weights is", "weights are"))
        elif public is None:
            unknown.append(f"{what}: whether that is public is not stated.")


def _modifier(release: Release) -> GpaiFact:
    spent = release.modification_flop
    if spent is None:
        return _fact("unknown", ["The compute of the modification is not stated."], MODIFIER_SOURCE)
    if release.training_flop is not None:
        whole, what = release.training_flop, "the compute that trained the original"
    else:
        whole = SYSTEMIC_FLOP if release.systemic_risk else GPAI_FLOP
        what = f"{whole:.0e} FLOP, since the original's compute is not known"
        if release.systemic_risk is None and spent > GPAI_FLOP / 3:
            what += " (nor whether it carries systemic risk)"
    answer: Literal["yes", "no"] = "yes" if spent > whole / 3 else "no"
    more = "more" if answer == "yes" else "not more"
    said = f"The modification took {spent:.2g} FLOP, {more} than a third of {what}."
    return _fact(answer, [said], MODIFIER_SOURCE)


def _fact(answer: Literal["yes", "no", "unknown"], reasons: list[str], source: str) -> GpaiFact:
    return GpaiFact(
        answer=answer, reasons=tuple(dict.fromkeys(reasons)), source=source, as_of=AS_OF
    )
