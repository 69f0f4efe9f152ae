# SPDX-License-Identifier: Apache-2.0
"""Writes the charter that answers make: valid, commented, ready to edit."""

from __future__ import annotations

import datetime
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator

from steelyard.charter.founding.answers import (
    Answers,
    all_roles,
    packs_of,
    profile_of,
)
from steelyard.charter.load import load_charter, shipped
from steelyard.kernel.errors import DocumentErrors, UndecidedError

_PLAIN = re.compile(r"\A[A-Za-z][A-Za-z0-9._@/+-]*(?: [A-Za-z0-9._@/+-]+)*\Z")
_NOT_PLAIN = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"})


def charter_name(organization: str) -> str:
    """Return the name of a charter for an organization: ``Northwind & Co.`` is ``northwind-co``."""
    plain = unicodedata.normalize("NFKD", organization).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", plain.lower())
    name = "-".join(words)
    return name if name[:1].isalpha() else f"charter-{name}" if name else "our-charter"


def compose(answers: Answers, today: datetime.date, schema_file: str = "") -> str:
    """Return the charter that ``answers`` make, in force from ``today``.

    ``schema_file`` is the JSON Schema that the first line points editors to.

    Raises:
        UndecidedError: the result would not pass the check; nothing should be written.
    """
    parts = [
        *_head(answers, today, schema_file),
        *_scope(answers),
        *_roles(answers),
        *_models(answers),
        *_risk(answers),
        *_rules(answers),
        *_closing(),
    ]
    text = "\n".join(parts) + "\n"
    try:
        load_charter(text, "the new charter")
    except DocumentErrors as error:
        raise UndecidedError(
            f"The answers do not make a sound charter: {error.errors[0].message}",
            next_step="Start from a profile with --profile, and report this.",
            code="charter.composed",
        ) from error
    return text


def _head(answers: Answers, today: datetime.date, schema_file: str) -> Iterator[str]:
    profile = profile_of(answers)
    if schema_file:
        yield f"# yaml-language-server: $schema={schema_file}"
    yield f"# The charter of {' '.join(answers.organization.split())}."
    yield f"# It builds on the shipped charter {profile!r}, of which nothing can be loosened: what"
    yield "# stands here tightens it, adds to it, or says who and where."
    yield f"charter: {quoted(charter_name(answers.organization))}"
    yield "version: 1                      # raise it with every change"
    yield f"effective: {today.isoformat()}"
    yield f"owner: {quoted(answers.owner)}"
    purpose = {
        "starter": "lets small pilots start today and keeps dangerous files out",
        "standard": "adopts open-weight models quickly where harm is small, carefully where not",
        "regulated": "adopts open-weight models so that every decision can be followed to evidence",
    }[profile]
    said = f"{' '.join(answers.organization.split())} {purpose}."
    yield f"purpose: {quoted(said)}"
    if answers.appetite == "cautious":
        yield "review: {every: 3 months}"
    yield f"extends: {profile}"
    packs = packs_of(answers)
    if packs:
        yield f"include: [{', '.join(packs)}]        # rules and controls of the sector"
    yield ""


def _scope(answers: Answers) -> Iterator[str]:
    name = " ".join(answers.organization.split())
    yield "# What this charter is about. Other environments are refused, other regions go to legal."
    yield "scope:"
    yield f"  covers: [{quoted(f'open-weight models used by {name}')}]"
    yield f"  environments: [{_listed(answers.environments)}]"
    yield f"  regions: [{_listed(answers.regions)}]"
    yield ""


def _roles(answers: Answers) -> Iterator[str]:
    held = {role: who for role, who in answers.reviewers.items() if who}
    base = shipped(profile_of(answers))
    yield "# Who holds which role: mail addresses, or names of groups."
    if not held:
        yield "# roles:"
        for role in all_roles(base)[:4]:
            yield f"#   {role}: {{title: {_title(answers, role)}, held_by: [{answers.owner}]}}"
        yield ""
        return
    yield "roles:"
    for role, who in held.items():
        yield f"  {role}: {{title: {quoted(_title(answers, role))}, held_by: [{_listed(who)}]}}"
    yield ""


def _title(answers: Answers, role: str) -> str:
    terms = shipped(profile_of(answers)).roles.get(role)
    words = role.replace("-", " ")
    return terms.title if terms else f"{words[:1].upper()}{words[1:]}"


def _models(answers: Answers) -> Iterator[str]:
    if answers.tasks:
        yield "# Only models for these tasks; a model that names no task is looked at."
        yield "models:"
        yield f"  allow: {{tasks: [{_listed(answers.tasks)}]}}"
    else:
        yield "# Any task is fine. To allow only some:"
        yield "# models:"
        yield "#   allow: {tasks: [text-classification, text-generation]}"
    yield ""


def _risk(answers: Answers) -> Iterator[str]:
    if answers.appetite != "cautious":
        return
    yield "# Cautious: the tiers begin earlier than in the profile."
    yield "risk:"
    yield "  tiers:"
    yield '    - {tier: high, when: "risk.score >= 35", why: "We are cautious."}'
    yield '    - {tier: moderate, when: "risk.score >= 10", why: "We are cautious."}'
    yield "  tolerance:"
    yield "    - accepts: moderate"
    yield "      otherwise: review(executive-sponsor)"
    yield "      why: High risk is carried by somebody who can stop the whole endeavor."
    yield ""


def _rules(answers: Answers) -> Iterator[str]:
    if answers.personal_data == "special-category":
        return
    wanted = {"cautious": "reject", "bold": "warn"}
    yield "rules:"
    if answers.personal_data == "none":
        yield "  - id: no-personal-data"
        yield "    why: We said that models here see no data about people."
        yield "    require: \"use_case.personal_data == 'none'\""
        yield f"    otherwise: {wanted.get(answers.appetite, 'review(privacy)')}"
        yield "    remedy: Leave personal data out, or have privacy look at the use case."
    else:
        yield "  - id: no-special-categories"
        yield "    why: We said that models here see no health, belief or similar data of people."
        yield "    require: \"use_case.personal_data != 'special-category'\""
        yield f"    otherwise: {wanted.get(answers.appetite, 'review(privacy, legal)')}"
        yield "    remedy: Leave such data out, or have privacy and legal look at the use case."
        yield "    frameworks: [GDPR:Art-9]"
    yield ""


def _closing() -> Iterator[str]:
    yield "# Next: `steelyard charter check` this file; `steelyard charter docs` makes a handbook"
    yield "# of it for staff; docs/how-to/write-a-charter.md says what else can stand here."


def _listed(words: Iterable[str]) -> str:
    return ", ".join(quoted(word) for word in words)


def quoted(text: str) -> str:
    """Return ``text`` as YAML that reads back as the same text."""
    if _PLAIN.match(text) and text.lower() not in _NOT_PLAIN:  # Norway is not false
        return text
    return json.dumps(text, ensure_ascii=False)
