# SPDX-License-Identifier: Apache-2.0
"""The questions about a use case in words people can answer, and what their forms sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from steelyard.kernel.errors import FieldErrors
from steelyard.ui.texts import mark

if TYPE_CHECKING:
    from steelyard.ui.door import Form, Looking


class Question(NamedTuple):
    """One question and its possible answers: value, word, explanation."""

    name: str
    word: str
    short: str
    answers: tuple[tuple[str, str, str], ...]


FIVE: Final = (
    Question(
        "data_class", mark("How confidential is the data it sees?"), mark("Data"),
        (
            ("public", mark("public"), mark("Anybody may read it.")),
            ("internal", mark("internal"), mark("For colleagues; harmless if it leaks.")),
            ("confidential", mark("confidential"), mark("A leak would do damage.")),
            ("restricted", mark("restricted"), mark("For named people only.")),
        ),
    ),
    Question(
        "personal_data", mark("Does it see data about people?"), mark("Personal data"),
        (
            ("none", mark("none"), mark("Nothing about anybody.")),
            ("ordinary", mark("ordinary"), mark("Names, addresses, what people wrote.")),
            ("special-category", mark("special-category"),
             mark("Health, beliefs, origin, biometrics and the like.")),
        ),
    ),
    Question(
        "people_affected", mark("Whom does what it says affect?"), mark("People affected"),
        (
            ("nobody", mark("nobody"), mark("Experiments and tools.")),
            ("staff", mark("staff"), mark("Colleagues.")),
            ("customers", mark("customers"), mark("Those who buy from us.")),
            ("public", mark("public"), mark("Anybody at all.")),
        ),
    ),
    Question(
        "autonomy", mark("How much does it do by itself?"), mark("Autonomy"),
        (
            ("assistive", mark("assistive"), mark("It suggests; a person does it.")),
            ("supervised", mark("supervised"), mark("It acts; a person watches and can stop it.")),
            ("autonomous", mark("autonomous"), mark("It acts; nobody looks first.")),
        ),
    ),
    Question(
        "exposure", mark("Who can reach it?"), mark("Exposure"),
        (
            ("internal", mark("internal"), mark("Only from inside.")),
            ("partner", mark("partner"), mark("Named organizations, too.")),
            ("public", mark("public"), mark("Anybody on the internet.")),
        ),
    ),
)  # fmt: skip
"""What is asked when a use case is registered; everything else can come later."""
_MOST: Final = 5000
MOST: Final = {"name": 100, "unit": 100, "environment": 60, "owner": 320, "sponsor": 320}
"""Characters of a field; of others a page or two."""
NAMES: Final = tuple(question.name for question in FIVE)
TEXTS: Final = ("name", "purpose")

WORDS: Final = {
    "name": mark("Name"),
    "purpose": mark("Purpose"),
    "owner": mark("Owner"),
    "environment": mark("Environment"),
    "regions": mark("Regions"),
    "commercial": mark("Commercial use"),
    "sector": mark("Sector"),
    "expires": mark("Valid until"),
    "sponsor": mark("Sponsor"),
    "outputs_train_models": mark("Outputs train other models"),
    "redistributes": mark("Weights are handed on"),
    "monthly_users": mark("Users a month"),
    "revenue_usd": mark("Yearly revenue in USD"),
    "establishment": mark("Established in"),
    "monthly_users_at_release": mark("Users a month at release"),
    "registered": mark("Registered with the licensor"),
    "unit": mark("Unit"),
    "phase": mark("Phase"),
    "data_sources": mark("Sources of data"),
    "eu_ai_act": mark("Answers on the EU AI Act"),
    **{question.name: question.short for question in FIVE},
}
"""Fact of a use case → what it is called."""


def _text(text: str) -> Any:
    return text


def _words(text: str) -> Any:
    return [each.strip() for each in text.replace("\n", ",").split(",") if each.strip()]


def _whole(text: str) -> Any:
    plain = text.replace(",", "").replace("\u202f", "").replace(" ", "")
    if not (plain.isascii() and plain.isdigit() and len(plain) < 16):
        raise ValueError("a number")
    return int(plain)


def _truth(text: str) -> Any:
    if text not in ("yes", "no"):
        raise ValueError("yes or no")
    return text == "yes"


def _date(text: str) -> Any:
    return dt.date.fromisoformat(text).isoformat()


def _pairs(text: str) -> Any:
    found: dict[str, Any] = {}
    for line in text.splitlines():
        if line.strip():
            name, colon, answer = line.partition(":")
            if not colon:
                raise ValueError("lines with a question, a colon and an answer")
            many = _words(answer)
            found[name.strip()] = many if len(many) > 1 else answer.strip()
    return found


READ: Final[dict[str, Callable[[str], Any]]] = {
    **dict.fromkeys(WORDS, _text),
    "regions": _words,
    "data_sources": _words,
    "commercial": _truth,
    "outputs_train_models": _truth,
    "redistributes": _truth,
    "registered": _truth,
    "monthly_users": _whole,
    "monthly_users_at_release": _whole,
    "revenue_usd": _whole,
    "expires": _date,
    "eu_ai_act": _pairs,
}
"""Fact → how what was typed becomes it."""


def typed(value: Any) -> str:
    """Return a fact as it stands in a field of a form."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "\n".join(f"{name}: {typed(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)


Told = list[tuple[str, str, list[tuple[str, str, str]]]]


def told(viewer: Looking) -> Told:
    """Return the five questions in the language of the page: name, question, answers."""
    say = viewer.say
    return [
        (
            each.name,
            say(each.word),
            [(value, say(word), say(more)) for value, word, more in each.answers],
        )
        for each in FIVE
    ]


def check_length(form: Form, names: tuple[str, ...], most: dict[str, int]) -> None:
    """Refuse texts that are longer than there is room for.

    Raises:
        FieldErrors: each of them, with how much is taken.
    """
    wrong = [
        (name, f"This has {len(form[name])} characters; at most {room} are taken.")
        for name in names
        if len(form[name]) > (room := most.get(name, _MOST))
    ]
    if wrong:
        raise FieldErrors(wrong)


def answers_of(form: Form) -> dict[str, Any]:
    """Return what a form says of a new use case; questions nobody answered are left out.

    Raises:
        FieldErrors: a text is too long.
    """
    names = (*TEXTS, *NAMES, "unit", "environment")
    check_length(form, names, MOST)
    return {name: form[name] for name in names if form[name]}


def facts_of(form: Form, names: tuple[str, ...]) -> dict[str, Any]:
    """Return facts from a form by name; an empty field takes an optional fact away.

    Raises:
        FieldErrors: what was typed is not a number, a date or the like; all of them at once.
    """
    check_length(form, names, MOST)
    found: dict[str, Any] = {}
    wrong: list[tuple[str, str]] = []
    for name in names:
        try:
            found[name] = READ[name](form[name]) if form[name] else None
        except ValueError:
            wrong.append((name, f"{form[name][:60]!r} cannot be read here."))
    if wrong:
        raise FieldErrors(wrong)
    return found
