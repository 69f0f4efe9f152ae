# SPDX-License-Identifier: Apache-2.0
"""Lays a charter over the profile it extends. An overlay may only tighten.

Rules decide together and each can only worsen an outcome, so *adding* rules, controls and points
is always safe. Everything else is compared with the profile: sign-offs may be added, quorums
raised, times shortened, tiers raised. Whatever would loosen is refused at its line.
"""

from __future__ import annotations

import msgspec

from steelyard.charter.document import Document, Path
from steelyard.charter.durations import is_longer
from steelyard.charter.schema import (
    TIERS,
    Charter,
    CharterDocument,
    ControlRule,
    ExceptionTerms,
    RiskSection,
    Rule,
    ScannerSection,
    TrackRule,
)


def lay_over(
    document: Document,
    charter: CharterDocument,
    base: Charter,
    rules: tuple[Rule, ...],
    controls: tuple[ControlRule, ...],
) -> Charter:
    """Return ``base`` tightened by ``charter``; what would loosen is recorded in ``document``.

    ``rules`` and ``controls`` are the overlay's own, sections compiled and controls looked up.
    """
    taken = {rule.id for rule in base.rules}
    for index, rule in enumerate(charter.rules):
        if rule.id in taken:
            document.error_at(
                ("rules", index, "id"),
                f"The profile {base.name!r} already has a rule {rule.id!r}, and an overlay may "
                "not replace it.",
                "Give yours another id; both will hold.",
            )
    return Charter(
        name=charter.charter,
        version=charter.version,
        effective=charter.effective,
        owner=charter.owner,
        purpose=charter.purpose,
        review=charter.review or base.review,
        extends=f"{base.name} {base.version}",
        risk=_risk(document, charter, base),
        tracks={
            name: _track(document, ("tracks", name), charter.tracks.get(name), track)
            for name, track in base.tracks.items()
        },
        rules=(*base.rules, *rules),
        controls=(*base.controls, *controls),
        exceptions=_exceptions(document, charter.exceptions, base.exceptions),
        references=base.references,
        scanner=_scanner(document, charter.scanner, base.scanner),
    )


def _scanner(
    document: Document, own: ScannerSection | None, base: ScannerSection | None
) -> ScannerSection | None:
    if own is None or base is None:
        return own or base
    taken = {plugin.name for plugin in base.plugins}
    for index, plugin in enumerate(own.plugins):
        if plugin.name in taken:
            document.error_at(
                ("scanner", "plugins", index, "name"),
                f"The profile already names the plug-in {plugin.name!r}, and an overlay may not "
                "change it.",
            )
    return ScannerSection(plugins=(*base.plugins, *own.plugins))


def _risk(document: Document, charter: CharterDocument, base: Charter) -> RiskSection:
    for name in charter.risk.dimensions:
        if name in base.risk.dimensions:
            document.error_at(
                ("risk", "dimensions", name),
                f"The profile already weighs {name!r}, and an overlay may not change its points.",
                "Add a dimension under another name.",
            )
    for index, tier in enumerate(charter.risk.tiers):
        if tier.when is None:
            document.error_at(("risk", "tiers", index), "A tier added to a profile needs 'when'.")
    # Sorted worst first, the first tier that matches is the worst one: additions can only raise.
    tiers = sorted((*charter.risk.tiers, *base.risk.tiers), key=lambda t: -TIERS.index(t.tier))
    return RiskSection(
        dimensions={**base.risk.dimensions, **charter.risk.dimensions}, tiers=tuple(tiers)
    )


def _track(document: Document, path: Path, own: TrackRule | None, base: TrackRule) -> TrackRule:
    if own is None:
        return base
    if own.tiers and set(own.tiers) != set(base.tiers):
        document.error_at(
            (*path, "for"),
            f"The profile gives this track to {', '.join(base.tiers)}; an overlay may not move it.",
        )
    if own.decided_by == "standing-approval" and base.decided_by == "sign-offs":
        document.error_at(
            (*path, "decided_by"),
            "The profile asks for sign-offs here; an overlay may not drop them.",
        )
    for name in ("within", "valid"):
        mine, theirs = getattr(own, name), getattr(base, name)
        if mine is not None and theirs is not None and is_longer(mine, theirs):
            document.error_at(
                (*path, name), f"{mine} is longer than the profile's {theirs}; it may be shorter."
            )
    sign_offs = tuple(dict.fromkeys((*base.sign_offs, *own.sign_offs)))
    if own.quorum is not None and own.quorum < (base.quorum or len(base.sign_offs)):
        document.error_at(
            (*path, "quorum"), "The quorum is lower than the profile's; it may be higher."
        )
    if own.quorum is not None and own.quorum > len(sign_offs):
        document.error_at(
            (*path, "quorum"), f"The quorum is {own.quorum} of only {len(sign_offs)} sign-offs."
        )
    signed = own.decided_by == "sign-offs" or base.decided_by == "sign-offs" or bool(sign_offs)
    if signed and not sign_offs:
        document.error_at(path, "Sign-offs are to decide here, but none is named.")
    return msgspec.structs.replace(
        base,
        decided_by="sign-offs" if signed else "standing-approval",
        sign_offs=sign_offs,
        quorum=own.quorum or base.quorum,
        within=own.within or base.within,
        escalate=tuple(dict.fromkeys((*base.escalate, *own.escalate))),
        valid=own.valid or base.valid,
    )


def _exceptions(
    document: Document, own: ExceptionTerms | None, base: ExceptionTerms | None
) -> ExceptionTerms | None:
    if own is None or base is None:
        return own or base
    if is_longer(own.longest, base.longest):
        document.error_at(
            ("exceptions", "longest"),
            f"{own.longest} is longer than the profile's {base.longest}; it may be shorter.",
        )
    if own.renewals > base.renewals:
        document.error_at(
            ("exceptions", "renewals"), f"The profile allows at most {base.renewals} renewals."
        )
    return own
