# SPDX-License-Identifier: Apache-2.0
"""What is owed at the final node, whether it is due in this use, and whether it was done.

A duty is judged by the papers that go with the node (``files``), the phrases shown on its pages
(``website_display``) and its name. Where those are not stated, a duty with words of its own (a
notice with a given text, a phrase to show) counts as missing; the ordinary keeping of licenses and
notices is put on the checklist, because the graph does not say it was left undone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from steelyard.catalog.license_terms import Term
from steelyard.kernel.lineage_answer import DutyState, Result
from steelyard.licensing.lineage.carry import Carried, follows, label
from steelyard.licensing.lineage.graph import LineageNode, LineageUse
from steelyard.licensing.lineage.modality import is_multimodal
from steelyard.licensing.lineage.reasons import Reported

_LICENSE_FILE = re.compile(r"licen[cs]e|copying|agreement|terms|eula|legal", re.IGNORECASE)
_NOTICE_FILE = re.compile(r"notice", re.IGNORECASE)
_CREDIT_FILE = re.compile(
    r"notice|attribution|credit|author|citation|readme|acknowledg|contributors|data(?:set)?_?card"
    r"|copyright",
    re.IGNORECASE,
)
_POLICY_FILE = re.compile(
    r"licen[cs]e|agreement|terms|polic|restriction|acceptable|attachment", re.IGNORECASE
)
_SOURCE_FILE = re.compile(r"source|\.tar|\.zip|repository", re.IGNORECASE)

_ON_PASSING_ON = frozenset(
    [
        "include-license",
        "keep-notices",
        "notice-file",
        "attribution",
        "state-changes",
        "pass-on-restrictions",
        "name-prefix",
        "disclose-source",
    ]
)
"""Duties that come with copies; a bare ``when = "use"`` means *when a copy is passed on*."""


def judge_duties(reported: Reported, carried: Carried, use: LineageUse) -> None:
    """Put every duty of an arrived license on the checklist and report those not fulfilled."""
    if carried.held.terms is None:
        return
    for term in carried.held.terms.terms:
        judge = _JUDGES.get(term.code)
        if judge is None or not _follows(term, carried):
            continue
        due = is_due(term, use)
        if due is False:
            reported.duty(
                carried, term, "not due", file=term.file, text=_ready(reported, carried, term)
            )
        else:
            judge(reported, carried, term, due)


def texts_owed(arrived: Iterable[Carried]) -> int:
    """Return how many different license texts go with a node."""
    return len(
        {
            carried.held.key
            for carried in arrived
            if carried.held.terms is not None
            and any(
                term.code == "include-license" and _follows(term, carried)
                for term in carried.held.terms.terms
            )
        }
    )


def is_due(term: Term, use: LineageUse) -> bool | None:
    """Tell whether this use triggers a duty; None when the fact that decides is not stated."""
    when = term.when
    if when == "use" and term.code in _ON_PASSING_ON:
        when = "distribute"
    if term.code == "display" and (term.users is not None or term.usd is not None):
        over = _above(term, use)
        if over is not True:
            return over
    if when == "use":
        return True
    if when == "distribute":
        return use.redistribute
    if when == "host":
        return use.hosted
    if when == "commercial":
        return use.commercial
    if use.redistribute or use.hosted:
        return True
    return None if use.redistribute is None or use.hosted is None else False


def _above(term: Term, use: LineageUse) -> bool | None:
    """Tell whether a threshold is passed: either of two, where a term names two."""
    answers: list[bool | None] = []
    if term.users is not None:
        answers.append(None if use.monthly_users is None else use.monthly_users > term.users)
    if term.usd is not None:
        # The text counts a month's revenue, the use case a year's.
        answers.append(None if use.revenue_usd is None else use.revenue_usd > term.usd * 12)
    if True in answers:
        return True
    return None if None in answers else False


def _follows(term: Term, carried: Carried) -> bool:
    mode = carried.mode
    if mode in ("data", "tool", "outputs"):
        return mode == "data" and term.code == "attribution" and not _frees_results(carried)
    return follows(term, carried)


def _frees_results(carried: Carried) -> bool:
    terms = carried.held.terms
    return terms is not None and any(term.code == "results-free" for term in terms.terms)


def _only_database(carried: Carried) -> bool:
    terms = carried.held.terms
    return terms is not None and any(
        term.code == "share-alike" and term.reach == "database" for term in terms.terms
    )


def _report(
    reported: Reported,
    carried: Carried,
    term: Term,
    done: bool | None,
    due: bool | None,
    remedy: str,
    *,
    own_words: bool = False,
) -> None:
    """Settle one duty: ``done`` is None when the graph does not say."""
    ready = _ready(reported, carried, term)
    state: DutyState = "done" if done else ("missing" if done is False or own_words else "to do")
    if term.encouraged:
        state = "done" if done else "to do"
    reported.duty(carried, term, state if due else "unknown", file=term.file, text=ready)
    if state != "missing":
        return
    result: Result = "duty_missing" if due else "review"
    tail = "" if due else " Whether it is due is open, because the use is not stated fully."
    reported.reason(result, carried, term, f"{term.says}{tail}", remedy)


def _node(reported: Reported, carried: Carried) -> LineageNode:
    return reported.graph.nodes[carried.node]


def _has(node: LineageNode, pattern: re.Pattern[str]) -> bool | None:
    if node.files is None:
        return None
    return any(pattern.search(name.rsplit("/", 1)[-1]) for name in node.files)


def _shows(node: LineageNode, words: tuple[str, ...]) -> bool | None:
    if node.website_display is None:
        return None
    shown = [_plain(text) for text in node.website_display]
    return any(_plain(word) in text for word in words for text in shown)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))


def _include_license(reported: Reported, carried: Carried, term: Term, due: bool | None) -> None:
    done = _has(_node(reported, carried), _LICENSE_FILE)
    if done and not _has_room(reported, carried):
        done = None  # one file cannot be known to hold the texts of several licenses
    remedy = f"Add the text of {carried.held.name} as a file such as LICENSE."
    _report(reported, carried, term, done, due, remedy)


def _has_room(reported: Reported, carried: Carried) -> bool:
    """Tell whether there are as many license files as licenses, or this is the labeled one."""
    node = _node(reported, carried)
    files = sum(bool(_LICENSE_FILE.search(name.rsplit("/", 1)[-1])) for name in node.files or ())
    if any(held.key == carried.held.key for held in label(node)):
        return True
    owed = reported.license_texts.get(carried.node, 1)
    return files >= owed


def _keep_notices(reported: Reported, carried: Carried, term: Term, due: bool | None) -> None:
    node = _node(reported, carried)
    done = _has(node, _LICENSE_FILE) or _has(node, _NOTICE_FILE)
    remedy = f"Keep the copyright and license notices of {reported.name(carried.origin)} with it."
    _report(reported, carried, term, done, due, remedy)


def _notice_file(reported: Reported, carried: Carried, term: Term, due: bool | None) -> None:
    node = _node(reported, carried)
    done = _has(node, _NOTICE_FILE)
    if not term.text:
        # Only a notice that came with the work is handed on.
        upstream = _has(reported.graph.nodes[carried.origin], _NOTICE_FILE)
        if not upstream or carried.origin == carried.node:
            reported.duty(carried, term, "done" if done else "to do", file=term.file)
            return
    remedy = f"Add a file {term.file} with the text the license gives."
    _report(reported, carried, term, done, due, remedy, own_words=bool(term.text))


def _attribution(reported: Reported, carried: Carried, term: Term, due: bool | None) -> None:
    node = _node(reported, carried)
    done = _has(node, _CREDIT_FILE)
    if not done and _shows(node, (reported.name(carried.origin),)):
        done = True
    if carried.mode == "data" and _only_database(carried):
        # Whether weights are a work produced from the database is open.
        done = done or None
    remedy = "Add the credit below to a file such as NOTICE or README."
    _report(reported, carried, term, done, due, remedy)


def _state_changes(reported: Reported, carried: Carried, term: Term, _due: bool | None) -> None:
    # No list of file names shows whether changes are marked inside them.
    if carried.mode == "derivative":
        reported.duty(carried, term, "to do", text=_ready(reported, carried, term))


def _name_prefix(reported: Reported, carried: Carried, term: Term, due: bool | None) -> None:
    node = _node(reported, carried)
    if node.kind in ("dataset", "code"):
        return
    name = _plain(node.name.rsplit("/", 1)[-1])
    words = [_plain(word) for word in (term.text, *term.alternatives)]
    done = any(word in name if term.anywhere else name.startswith(word) for word in words)
    where = "holds" if term.anywhere else "begins with"
    remedy = f"Rename {node.name} so that its name {where} “{term.text}”."
    _report(reported, carried, term, done, due, remedy)


def _display(reported: Reported, carried: Carried, term: Term, due: bool | None) -> None:
    node = _node(reported, carried)
    if term.modality == "multimodal":
        sees = is_multimodal(reported.graph.nodes[carried.origin], term)
        if sees is not True:
            state: DutyState = "not due" if sees is False else "unknown"
            reported.duty(carried, term, state, text=term.text)
            return
    done = _shows(node, (term.text, *term.alternatives))
    remedy = f"Show “{term.text}” on the page, interface or documentation of {node.name}."
    _report(reported, carried, term, done, due, remedy, own_words=True)


def _pass_on(reported: Reported, carried: Carried, term: Term, due: bool | None) -> None:
    done = _has(_node(reported, carried), _POLICY_FILE)
    remedy = (
        "Put the use restrictions into the terms every recipient or user agrees to, and add them "
        "as a file such as USE_POLICY.md."
    )
    _report(reported, carried, term, done, due, remedy)


def _disclose_source(reported: Reported, carried: Carried, term: Term, _due: bool | None) -> None:
    # Of weights the weights are what changes are made to; only for code is there more to give.
    if reported.graph.nodes[carried.origin].kind == "code" or carried.mode == "component":
        done = _has(_node(reported, carried), _SOURCE_FILE)
        reported.duty(carried, term, "done" if done else "to do")
        return
    reported.duty(carried, term, "to do")


def _network_source(reported: Reported, carried: Carried, term: Term, due: bool | None) -> None:
    node = _node(reported, carried)
    done = _has(node, _SOURCE_FILE)
    if not done and node.website_display is not None:
        done = any("source" in text.casefold() for text in node.website_display)
    remedy = "Offer every user of the service the complete source, for example by a link."
    _report(reported, carried, term, done, due, remedy, own_words=True)


def _remember(reported: Reported, carried: Carried, term: Term, _due: bool | None) -> None:
    reported.duty(carried, term, "to do", file=term.file)


def _ready(reported: Reported, carried: Carried, term: Term) -> str:
    """Return the words a duty asks for, ready to be copied."""
    if term.text:
        return term.text
    held = carried.held
    origin = reported.name(carried.origin)
    maker, _, short = origin.rpartition("/")
    by = f" by {maker}" if maker else ""
    if term.code == "attribution":
        changed = ", changed" if carried.mode == "derivative" else ""
        name = held.entry.name if held.entry else held.name
        return f"{short or origin}{by}, licensed under {name} ({held.name}){changed}."
    if term.code == "state-changes":
        return f"This is a changed version of {origin}."
    return ""


_JUDGES: dict[str, Callable[[Reported, Carried, Term, bool | None], None]] = {
    "include-license": _include_license,
    "keep-notices": _keep_notices,
    "notice-file": _notice_file,
    "attribution": _attribution,
    "state-changes": _state_changes,
    "name-prefix": _name_prefix,
    "display": _display,
    "pass-on-restrictions": _pass_on,
    "disclose-source": _disclose_source,
    "network-source": _network_source,
    "acceptable-use": _remember,
    "guardrails": _remember,
    "update-duty": _remember,
}
