# SPDX-License-Identifier: Apache-2.0
"""Small pieces of language the chapters share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from steelyard.charter.schema import Charter
from steelyard.charter.words import read_condition
from steelyard.reporting.handbook.entries import Condition

ACTIONS: dict[str, str] = {
    "approve": "approve the use of a model",
    "grant-exception": "grant an exception",
    "accept-risk": "accept a risk that remains",
    "suspend": "suspend a model",
    "revoke": "revoke a decision",
    "break-glass": "override a refusal in an emergency",
    "open-gate": "open a gate of the lifecycle",
    "retire": "retire a model",
    "close-incident": "close an incident",
    "change-charter": "change this charter",
}
"""What a decision right is for, after *who may*."""
RECUSALS: dict[str, str] = {
    "requester": "whoever asks",
    "model-owner": "the owner of the model",
    "same-unit": "people of the unit that asks",
    "financial-interest": "anybody with a financial interest",
    "author": "the author of the model",
}
"""Who steps aside."""

ALWAYS = Condition(words="always", text="true", translated=True)


def condition_of(text: str | None) -> Condition | None:
    """Return a condition for readers; None when there is none or it always holds."""
    if text is None or text.strip() == "true":
        return None
    said = read_condition(text)
    return Condition(words=said.text, text=text.strip(), translated=said.complete)


def titled(charter: Charter, role: str) -> str:
    """Return the title of a role or committee, else its name in plain letters."""
    if role in charter.roles:
        return charter.roles[role].title
    if role in charter.committees:
        return charter.committees[role].title
    return plain_name(role)


def plain_name(name: str) -> str:
    """Return ``head-of-risk`` as ``Head of risk``."""
    words = re.sub(r"[-_.]+", " ", name)
    return f"{words[:1].upper()}{words[1:]}"


def anchor(kind: str, name: str) -> str:
    """Return where something stands on the page: letters, digits and dashes only."""
    return f"{kind}-{re.sub(r'[^A-Za-z0-9-]+', '-', name)}"


def series(words: Iterable[str], joint: str = "and") -> str:
    """Return ``a, b and c``."""
    items = list(words)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {joint} {items[-1]}"


def who_signs(charter: Charter, roles: Sequence[str], quorum: int | None) -> str:
    """Return who must sign off: ``Security and Legal``, ``2 of Security, Legal, Privacy``."""
    names = [titled(charter, role) for role in roles]
    if quorum is not None and quorum < len(names):
        return f"{quorum} of {', '.join(names)}"
    return series(names)


def sentence_case(text: str) -> str:
    """Return ``text`` with a capital first letter."""
    return f"{text[:1].upper()}{text[1:]}"
