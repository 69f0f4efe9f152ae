# SPDX-License-Identifier: Apache-2.0
"""Reads a purpose written in plain words against the fields of use licenses rule out.

Words only ever make an answer stricter: a word that is found counts, a word that is not found
proves nothing, which is why the policy documents stay on the checklist whatever this says.
"""

from __future__ import annotations

import re
from functools import cache

from msgspec import Struct

_WORDS: dict[str, str] = {
    "military": r"militar\w*|defen[cs]e contractor|armed forces|army|navy|air force|warfare|combat",
    "weapons": r"weapon\w*|munition\w*|missile\w*|firearm\w*|explosive\w*|bomb\w*",
    "nuclear": r"nuclear (?:weapon|arms|proliferation)\w*",
    "surveillance": r"mass surveillance|surveillance|spying|tracking (?:of )?(?:people|persons)",
    "biometric-identification": r"biometric\w*|facial recognition|face recognition",
    "law-enforcement": r"law enforcement|police|policing|predictive policing|criminal justice",
    "immigration": r"immigration|asylum|border control|migration control",
    "critical-infrastructure": r"critical infrastructure|power grid|air traffic|water supply",
    "medical-advice": r"medical (?:advice|diagnos\w*|decision\w*)|diagnos(?:e|is|tic)\w*",
    "legal-advice": r"legal advice|unauthorized practice of law",
    "credit-scoring": r"credit (?:scor\w*|decision\w*|worthiness)|loan (?:approval|decision)\w*",
    "employment": r"hiring|recruit\w*|candidate (?:screening|selection)|employment decision\w*",
    "insurance": r"insurance (?:pricing|underwriting|claims?|decision)\w*",
    "education-scoring": r"exam scoring|grading of students|student scoring",
    "social-scoring": r"social scor\w*|social credit",
    "automated-decisions": r"fully automated decision\w*|automated decision\w*",
    "profiling": r"profiling",
    "discrimination": r"discriminat\w*",
    "minors": r"exploit\w* (?:minors|children)|child sexual\w*|minors",
    "harassment": r"harass\w*|bully\w*|stalk\w*",
    "disinformation": r"disinformation|misinformation|fake news|propaganda|astroturf\w*",
    "impersonation": r"impersonat\w*|deep ?fakes?",
    "personal-data": r"scraping personal data|doxx\w*|de-?anonymi\w*",
    "malware": r"malware|ransomware|exploit development|viruses",
    "spam": r"spam\w*|phishing",
    "illegal": r"illegal\w*|unlawful\w*",
    "violence": r"terror\w*|violen(?:t|ce)|incitement",
    "drugs": r"illegal drugs|controlled substances|drug traffick\w*",
    "human-trafficking": r"human traffick\w*|slavery",
    "sexual-content": r"porn\w*|sexual\w* content|sexually explicit",
    "gambling": r"gambl\w*|betting",
    "undisclosed-ai": r"pass(?:ed|ing)? off as human|without disclos\w*",
    "espionage": r"espionage|spy(?:ing)?\b",
    "export-controlled": r"itar|export[- ]controlled",
    "harm": r"self-harm|suicide",
    "national-security": r"national security|intelligence agenc\w*",
}
_HELPS = re.compile(
    r"\b(?:detect\w*|prevent\w*|block\w*|flag\w*|moderat\w*|filter\w*|fight\w*|combat\w* (?:of )?"
    r"(?:spam|fraud|disinformation)|avoid\w*|protect\w*|not|non|no|never|except|without)\W+(?:\w+\W+){0,3}\Z",
    re.IGNORECASE,
)


class Match(Struct, frozen=True):
    """A word of the purpose, the field it points to, and whether it plainly is that use."""

    word: str
    purpose: str
    sure: bool


@cache
def _pattern(purpose: str) -> re.Pattern[str] | None:
    words = _WORDS.get(purpose)
    return re.compile(rf"\b(?:{words})\b", re.IGNORECASE) if words else None


def matching(text: str, purposes: tuple[str, ...]) -> list[Match]:
    """Return the ruled-out fields a purpose speaks of.

    Fighting a thing or denying it (``detect phishing``, ``no military use``) is not doing it: such
    a mention is unsure and asks for a human.
    """
    if len(text) > 10_000:
        text = text[:10_000]
    spoken = text.replace("_", " ").replace("-", " ")
    found = []
    for purpose in purposes:
        pattern = _pattern(purpose)
        hit = pattern.search(spoken) or pattern.search(text) if pattern else None
        if hit is not None:
            sure = not _HELPS.search(spoken[max(0, hit.start() - 60) : hit.start()])
            found.append(Match(hit.group(), purpose, sure))
    return found
