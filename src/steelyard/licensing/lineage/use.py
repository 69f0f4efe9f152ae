# SPDX-License-Identifier: Apache-2.0
"""Whether the terms that reach a node permit the use: who, where, for what, how many.

One function a code of ``catalog/license_terms.py``. Each looks at one fact of the use; a fact that
is unknown never satisfies a term and asks for a human (``review``).
"""

from __future__ import annotations

from collections.abc import Callable

from steelyard.catalog.license_terms import Term
from steelyard.kernel.lineage_answer import Result
from steelyard.licensing.lineage.carry import Carried, follows
from steelyard.licensing.lineage.graph import LineageUse
from steelyard.licensing.lineage.modality import is_multimodal
from steelyard.licensing.lineage.places import inside
from steelyard.licensing.lineage.purposes import matching
from steelyard.licensing.lineage.reasons import Reported

ASK = "Ask the licensor for a license that covers this use, or choose another model."
CHOOSE = "Choose a model whose license permits this, or change the use."
SAY = "State it in the use case, so that the term can be judged."


def judge_use(reported: Reported, carried: Carried, use: LineageUse) -> None:
    """Report every term of an arrived license that this use breaks or leaves open."""
    held = carried.held
    if held.entry is None:
        _unknown(reported, carried)
        return
    if held.terms is None:
        reported.reason(
            "review",
            carried,
            None,
            f"The terms of {held.name} are not written down here, so nothing of it was judged.",
            "Read the license and record what it permits.",
            clause="unread",
        )
        return
    judge_terms(reported, carried, use)


def judge_terms(
    reported: Reported, carried: Carried, use: LineageUse, skip: frozenset[str] = frozenset()
) -> None:
    """Judge the terms of a known license that go along in the way it arrived, but for ``skip``."""
    terms = carried.held.terms.terms if carried.held.terms else ()
    codes = {term.code for term in terms}
    for term in terms:
        rule = _RULES.get(term.code)
        if term.code in skip:
            continue
        if rule is not None and not term.encouraged and follows(term, carried):
            if term.code in _NOT_FOR_BUSINESS and codes & _BY_ASKING:
                continue  # the term that says whom to ask is the one that is judged
            rule(reported, carried, term, use)


def _unknown(reported: Reported, carried: Carried) -> None:
    name = reported.name(carried.origin)
    known = carried.held.name
    said = (
        f"names the license “{known}”, which is not known"
        if carried.held.name not in ("unknown",)
        else "has no known license"
    )
    reported.reason(
        "needs_license",
        carried,
        None,
        f"{name} {said}; where nobody gives permission, there is none.",
        f"Find the license of {name}, or ask its publisher for one.",
        clause="no-license",
    )


def _commercial(
    reported: Reported, carried: Carried, term: Term, use: LineageUse, result: Result, remedy: str
) -> None:
    if use.commercial:
        message = f"{term.says} The use is commercial."
        reported.reason(result, carried, term, message, remedy)
    elif use.commercial is None:
        message = f"{term.says} Whether the use is commercial is not stated."
        reported.reason("review", carried, term, message, SAY)


def _no_business(reported: Reported, carried: Carried, term: Term, use: LineageUse) -> None:
    _commercial(reported, carried, term, use, "prohibited", CHOOSE)


def _by_asking(reported: Reported, carried: Carried, term: Term, use: LineageUse) -> None:
    if not use.registered:
        _commercial(reported, carried, term, use, "needs_license", ASK)


def _no_production(reported: Reported, carried: Carried, term: Term, use: LineageUse) -> None:
    if use.registered:
        return
    if use.hosted or use.commercial:
        reported.reason("needs_license", carried, term, term.says, ASK)
    elif use.hosted is None or use.commercial is None:
        reported.reason("review", carried, term, f"{term.says} The use is not stated.", SAY)


def _no_service(reported: Reported, carried: Carried, term: Term, use: LineageUse) -> None:
    if use.hosted:
        reported.reason("prohibited", carried, term, f"{term.says} The use is hosted.", CHOOSE)
    elif use.hosted is None:
        reported.reason("review", carried, term, f"{term.says} Hosting is not stated.", SAY)


def _user_cap(reported: Reported, carried: Carried, term: Term, use: LineageUse) -> None:
    assert term.users is not None
    users = use.monthly_users
    when = ""
    if term.counted == "at-release":
        when = " when the version was released"
        if use.monthly_users_at_release is not None:
            users = use.monthly_users_at_release
    if users is None:
        message = f"{term.says} The number of monthly users{when} is not stated."
        reported.reason("review", carried, term, message, SAY)
    elif users > term.users or (term.reached and users == term.users):
        message = f"{term.says} The use case has {users:,} monthly users{when}."
        reported.reason("needs_license", carried, term, message, ASK)


def _revenue_cap(reported: Reported, carried: Carried, term: Term, use: LineageUse) -> None:
    assert term.usd is not None
    if use.commercial is False and term.when == "commercial":
        return
    revenue = use.revenue_usd
    if revenue is None:
        message = f"{term.says} The yearly revenue is not stated."
        reported.reason("review", carried, term, message, SAY)
    elif revenue > term.usd or (term.reached and revenue == term.usd):
        message = f"{term.says} The yearly revenue is {revenue:,} US dollars."
        reported.reason("needs_license", carried, term, message, ASK)


def _territory(reported: Reported, carried: Carried, term: Term, use: LineageUse) -> None:
    if term.modality == "multimodal":
        sees = is_multimodal(reported.graph.nodes[carried.origin], term)
        if sees is False:
            return
    else:
        sees = True
    where = inside(use.establishment, term.places)
    if where is False:
        return
    if where is None:
        message = f"{term.says} Where the user is established is not stated clearly."
        reported.reason("review", carried, term, message, SAY)
    elif sees is None:
        message = f"{term.says} Whether {reported.name(carried.origin)} is multimodal is not known."
        reported.reason(
            "review", carried, term, message, "Give the node the role multimodal or text-only."
        )
    else:
        message = f"{term.says} The user is established in {use.establishment}."
        reported.reason("prohibited", carried, term, message, CHOOSE)


def _purpose(reported: Reported, carried: Carried, term: Term, use: LineageUse) -> None:
    for found in matching(use.purpose or "", term.purposes):
        result: Result = "prohibited" if found.sure else "review"
        message = f"{term.says} The purpose speaks of “{found.word}” ({found.purpose})."
        reported.reason(result, carried, term, message, CHOOSE)


def _outputs_business(reported: Reported, carried: Carried, term: Term, use: LineageUse) -> None:
    _commercial(reported, carried, term, use, "prohibited", CHOOSE)


def _train_with_outputs(reported: Reported, carried: Carried, term: Term, use: LineageUse) -> None:
    if use.outputs_train_models is False:
        return
    if use.outputs_train_models is None:
        message = f"{term.says} Whether outputs will train other models is not stated."
        reported.reason("review", carried, term, message, SAY)
        return
    message = f"{term.says} The use case trains models with the outputs."
    if term.targets == "commercial" and use.commercial is False:
        return
    uncertain = term.targets == "competing" or (
        term.targets == "commercial" and use.commercial is None
    )
    result: Result = "review" if uncertain else "prohibited"
    reported.reason(result, carried, term, message, CHOOSE)


def _outputs_stay(reported: Reported, carried: Carried, term: Term, use: LineageUse) -> None:
    if use.outputs_train_models is None:
        message = f"{term.says} Whether outputs will train other models is not stated."
        reported.reason("review", carried, term, message, SAY)
    elif use.outputs_train_models:
        message = f"{term.says} The use case trains models with the outputs."
        remedy = "Plan for those models to carry the same terms, and draw them in the graph."
        reported.reason("review", carried, term, message, remedy)


def _no_distribution(reported: Reported, carried: Carried, term: Term, use: LineageUse) -> None:
    if use.redistribute:
        reported.reason("prohibited", carried, term, f"{term.says} Copies are passed on.", CHOOSE)
    elif use.redistribute is None:
        reported.reason("review", carried, term, f"{term.says} Passing on is not stated.", SAY)


def _no_derivatives(reported: Reported, carried: Carried, term: Term, use: LineageUse) -> None:
    if carried.mode != "derivative" or (use.redistribute is False and term.when != "use"):
        return
    if use.redistribute is None and term.when != "use":
        reported.reason("review", carried, term, f"{term.says} Passing on is not stated.", SAY)
        return
    message = f"{term.says} {reported.name(carried.node)} is a changed version."
    reported.reason("prohibited", carried, term, message, CHOOSE)


_NOT_FOR_BUSINESS = frozenset({"no-commercial-use", "research-only"})
_BY_ASKING = frozenset({"registration", "needs-license"})

_RULES: dict[str, Callable[[Reported, Carried, Term, LineageUse], None]] = {
    "no-commercial-use": _no_business,
    "research-only": _no_business,
    "registration": _by_asking,
    "needs-license": _by_asking,
    "no-production": _no_production,
    "no-managed-service": _no_service,
    "user-cap": _user_cap,
    "revenue-cap": _revenue_cap,
    "territory": _territory,
    "purpose": _purpose,
    "outputs-no-commercial-use": _outputs_business,
    "no-output-training": _train_with_outputs,
    "outputs-derivative": _outputs_stay,
    "no-distribution": _no_distribution,
    "no-derivatives": _no_derivatives,
}
