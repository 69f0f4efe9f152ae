# SPDX-License-Identifier: Apache-2.0
"""Lays a charter or a pack over a base. An overlay may only tighten.

Rules decide together and each can only worsen an outcome, so *adding* rules, controls and points
is always safe, and the sections that turn into rules need no comparison. Everything else is
compared with the base: sign-offs may be added, quorums raised, times shortened, tiers raised.
What would loosen is refused at its line (:class:`~steelyard.charter.overlay.laying.Laying`).
"""

from __future__ import annotations

import msgspec

from steelyard.charter.overlay.laying import Laying, union
from steelyard.charter.overlay.people import (
    lay_committees,
    lay_responsibilities,
    lay_rights,
    lay_roles,
    lay_terms,
)
from steelyard.charter.overlay.terms import (
    lay_exceptions,
    lay_gates,
    lay_release,
    lay_remediation,
    lay_standing,
)
from steelyard.charter.overlay.tracks import lay_tracks
from steelyard.charter.schema import (
    TIERS,
    Charter,
    ControlRule,
    RiskSection,
    Rule,
    ScannerSection,
    Scope,
    Sections,
)

__all__ = ["Laying", "lay_over"]


def lay_over(
    laying: Laying,
    own: Sections,
    base: Charter,
    rules: tuple[Rule, ...],
    controls: tuple[ControlRule, ...],
) -> Charter:
    """Return ``base`` tightened by ``own``; its name and dates stay those of ``base``.

    ``rules`` and ``controls`` are the overlay's, sections compiled and controls looked up.
    """
    taken = {rule.id for rule in base.rules}
    for index, rule in enumerate(own.rules):
        if rule.id in taken:
            laying.wrong(
                ("rules", index, "id"),
                f"{laying.who} already has a rule {rule.id!r}, and an overlay may not replace it.",
                "Give yours another id; both will hold.",
            )
    return msgspec.structs.replace(
        base,
        risk=_risk(laying, own, base),
        tracks=lay_tracks(laying, own.tracks, base.tracks),
        rules=(*base.rules, *rules),
        controls=(*base.controls, *controls),
        exceptions=lay_exceptions(laying, own.exceptions, base.exceptions),
        scanner=_scanner(laying, own.scanner, base.scanner),
        objectives=union(base.objectives, own.objectives),
        scope=_scope(own.scope, base.scope),
        stakeholders=union(base.stakeholders, own.stakeholders),
        terms=lay_terms(laying, own, base),
        standing_approvals=lay_standing(laying, own, base),
        release=lay_release(laying, own, base),
        gates=lay_gates(own, base),
        roles=lay_roles(laying, own, base),
        committees=lay_committees(laying, own, base),
        decision_rights=lay_rights(laying, own, base),
        responsibilities=lay_responsibilities(laying, own, base),
        remediation=lay_remediation(laying, own.remediation, base.remediation),
    )


def _scope(own: Scope | None, base: Scope | None) -> Scope | None:
    """Return what people read of the scope; what binds are the rules made from each."""
    if own is None or base is None:
        return own or base
    return Scope(
        covers=union(base.covers, own.covers),
        excludes=union(base.excludes, own.excludes),
        units=own.units or base.units,
        environments=own.environments or base.environments,
        regions=own.regions or base.regions,
    )


def _scanner(
    laying: Laying, own: ScannerSection | None, base: ScannerSection | None
) -> ScannerSection | None:
    if own is None or base is None:
        return own or base
    taken = {plugin.name for plugin in base.plugins}
    for index, plugin in enumerate(own.plugins):
        if plugin.name in taken:
            laying.wrong(
                ("scanner", "plugins", index, "name"),
                f"{laying.who} already names the plug-in {plugin.name!r}, and an overlay may "
                "not change it.",
            )
    return ScannerSection(plugins=(*base.plugins, *own.plugins))


def _risk(laying: Laying, own: Sections, base: Charter) -> RiskSection:
    for name in own.risk.dimensions:
        if name in base.risk.dimensions:
            laying.wrong(
                ("risk", "dimensions", name),
                f"{laying.who} already weighs {name!r}, and an overlay may not change its points.",
                "Add a dimension under another name.",
            )
    for index, tier in enumerate(own.risk.tiers):
        if tier.when is None:
            laying.wrong(("risk", "tiers", index), "A tier added to a charter needs 'when'.")
    # Sorted worst first, the first tier that matches is the worst one: additions can only raise.
    tiers = sorted((*own.risk.tiers, *base.risk.tiers), key=lambda t: -TIERS.index(t.tier))
    return RiskSection(
        dimensions={**base.risk.dimensions, **own.risk.dimensions},
        tiers=tuple(tiers),
        tolerance=(*base.risk.tolerance, *own.risk.tolerance),
    )
