# SPDX-License-Identifier: Apache-2.0
"""What training does: on outputs of other models, on data, with code.

Outputs are the subject of many model licenses, so those terms are judged where the training
happens. Whether weights are adapted material of the data they were trained on is contested, so a
data license that forbids business or demands its own license asks for a human.
"""

from __future__ import annotations

import re

from steelyard.catalog.license_terms import Term
from steelyard.kernel.lineage_answer import Result
from steelyard.licensing.lineage.carry import Arrived, Carried
from steelyard.licensing.lineage.graph import LineageNode, LineageUse
from steelyard.licensing.lineage.reasons import Reported
from steelyard.licensing.lineage.use import CHOOSE, SAY, judge_terms

_NOT_LANGUAGE = re.compile(
    r"classif|embed|rerank|vision|image|speech|audio|asr|tts|detector|segment|diffusion|encoder",
    re.IGNORECASE,
)
_NOT_IMAGE = re.compile(r"classif|embed|text-only|language|llm|speech|asr|tts", re.IGNORECASE)
_CONTESTED = "Whether a model trained on such data may be used for business is contested."
_DATA_QUESTIONS = {
    "no-commercial-use": _CONTESTED,
    "research-only": _CONTESTED,
    "share-alike": "Whether the weights are adapted material of the data is contested.",
    "no-derivatives": "Whether the weights are adapted material of the data is contested.",
    "same-license": "Whether the weights are a derivative of the data is contested.",
    "registration": "The data asks for a registration before business use.",
    "needs-license": "The data asks for a license before this use.",
}
_JUDGED_AT_TRAINING = frozenset(
    {"no-output-training", "outputs-derivative", "outputs-no-commercial-use"}
)
_BUSINESS = frozenset({"no-commercial-use", "research-only", "registration", "needs-license"})


def judge_training(
    reported: Reported, arrived: Arrived, reached: list[Arrived], use: LineageUse
) -> None:
    """Report what training brought to one node: bans on training with outputs, where they bite."""
    for carried in arrived.values():
        entered = carried.before is not None and carried.before.mode != carried.mode
        if carried.mode == "trained" and entered:
            _outputs(reported, carried, reached[carried.node], use)


def judge_trained(reported: Reported, carried: Carried, use: LineageUse) -> None:
    """Report what data, code and outputs upstream mean for the use of the final node."""
    held = carried.held
    if held.entry is None or held.terms is None:
        if carried.mode in ("data", "trained", "outputs"):
            reported.reason(
                "review",
                carried,
                None,
                f"The license of {reported.name(carried.origin)}, which went into the training, is "
                "not known.",
                "Find out under which license it was used.",
                clause="no-license",
            )
        return
    if carried.mode == "trained":
        judge_terms(reported, carried, use, skip=_JUDGED_AT_TRAINING)
    elif carried.mode == "data":
        _data(reported, carried, use)
    elif carried.mode == "tool":
        _tool(reported, carried, use)


def _outputs(reported: Reported, carried: Carried, here: Arrived, use: LineageUse) -> None:
    terms = carried.held.terms
    for term in terms.terms if terms else ():
        if term.code == "outputs-no-commercial-use":
            _for_business(reported, carried, term, use)
        if term.code != "no-output-training" or _spared(term, here):
            continue
        node = reported.graph.nodes[carried.node]
        result = _ban(term, node, carried, use)
        if result is None:
            continue
        message = (
            f"{term.says} {node.name} was trained on outputs of {reported.name(carried.origin)}."
        )
        reported.reason(result, carried, term, message, CHOOSE)


def _ban(term: Term, node: LineageNode, carried: Carried, use: LineageUse) -> Result | None:
    """Return how surely a ban on training covers this model; None when it does not."""
    if term.targets == "commercial":
        if use.commercial is None:
            return "review"
        return "prohibited" if use.commercial else None
    if term.targets == "competing":
        return "prohibited" if carried.relation == "distilled_from_outputs" else "review"
    told = f"{node.role or ''} {node.name}"
    if term.targets in ("language-model", "foundation-model"):
        return "review" if _NOT_LANGUAGE.search(told) else "prohibited"
    if term.targets == "image-model":
        return "review" if _NOT_IMAGE.search(told) else "prohibited"
    return "prohibited"


def _spared(term: Term, here: Arrived) -> bool:
    """Tell whether the trained model is of the family a ban leaves out."""
    if not term.spares:
        return False
    for carried in here.values():
        terms = carried.held.terms
        if carried.mode not in ("own", "derivative") or terms is None or carried.by_outputs:
            continue  # what makes a model a relative by its outputs does not permit the training
        if term.spares in (terms.family, terms.key) or terms.key.startswith(f"{term.spares}-"):
            return True
    return False


def _for_business(reported: Reported, carried: Carried, term: Term, use: LineageUse) -> None:
    if use.commercial:
        reported.reason("prohibited", carried, term, f"{term.says} The use is commercial.", CHOOSE)
    elif use.commercial is None:
        reported.reason("review", carried, term, term.says, SAY)


def _data(reported: Reported, carried: Carried, use: LineageUse) -> None:
    terms = carried.held.terms
    assert terms is not None
    if any(term.code == "results-free" for term in terms.terms):
        return
    for term in terms.terms:
        question = _DATA_QUESTIONS.get(term.code)
        if question is None or term.encouraged:
            continue
        if term.code in _BUSINESS and use.commercial is False:
            continue
        if term.code == "share-alike" and term.reach == "database":
            continue  # the text speaks of the database, not of what is computed from it
        reported.reason(
            "review", carried, term, f"{term.says} {question}", "Have legal decide and record why."
        )


def _tool(reported: Reported, carried: Carried, use: LineageUse) -> None:
    """Code used to train does not put its license on weights, but its use may be limited."""
    terms = carried.held.terms
    for term in terms.terms if terms else ():
        if term.code in ("no-commercial-use", "research-only") and use.commercial is not False:
            reported.reason(
                "review",
                carried,
                term,
                f"{term.says} Training with it for business may have needed a license.",
                "Ask who trained the model, for what and with what permission.",
            )
