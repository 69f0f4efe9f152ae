# SPDX-License-Identifier: Apache-2.0
"""What the terms of each license say, in a form a machine can push along a lineage.

One file a license (``data/license_terms/<key>.toml``). Each term has a ``code`` from
:data:`CODES`, the parameters the code asks for, a verbatim ``quote`` from the license text and one
sentence of our own (``says``). The files are written from the texts; a test holds that every quote
is in the text it is quoted from where the texts are at hand.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from steelyard.kernel.errors import ArtifactError

Effect = Literal["permission", "condition", "prohibition", "fact"]
Scope = Literal["weights", "outputs", "data", "code", "service"]
Act = Literal["use", "distribute", "make-available", "host", "commercial"]
"""When a term bites: any use; handing copies to others; handing copies to others *or* offering a
product or service built on them; offering access over a network; business use."""

CODES: dict[str, tuple[Effect, str]] = {
    # Permissions
    "commercial-use": ("permission", "Business use is permitted."),
    "modify": ("permission", "Changed versions may be made."),
    "distribute": ("permission", "Copies may be passed on."),
    "sublicense": ("permission", "Changed versions may carry other terms."),
    "outputs-free": ("permission", "The licensor claims nothing in outputs."),
    "outputs-training": ("permission", "Outputs may be used to train other models."),
    "results-free": ("permission", "Results of computing on the data carry no terms."),
    "patent-grant": ("permission", "A patent license is granted."),
    # Prohibitions
    "no-commercial-use": ("prohibition", "Business use is not permitted."),
    "research-only": ("prohibition", "Only research or evaluation is permitted."),
    "no-production": ("prohibition", "Use in production is not permitted."),
    "no-distribution": ("prohibition", "Copies may not be passed on."),
    "no-derivatives": ("prohibition", "Changed versions may not be passed on (or made)."),
    "no-managed-service": ("prohibition", "It may not be offered to others as a service."),
    "no-output-training": ("prohibition", "Outputs may not train or improve other models."),
    "outputs-no-commercial-use": ("prohibition", "Outputs may not be used for business."),
    "purpose": ("prohibition", "Some fields of use are ruled out."),
    "territory": ("prohibition", "Nobody in some places is licensed."),
    "no-further-restrictions": ("prohibition", "No restriction may be added to the terms."),
    "computational-use-only": ("prohibition", "Data may only be used to compute on."),
    "no-patent-grant": ("prohibition", "No patent license is given."),
    # Conditions on who may use it
    "registration": ("condition", "Business use needs a registration or questionnaire."),
    "needs-license": ("condition", "The use needs a license asked for separately."),
    "user-cap": ("condition", "Above a number of users a separate license is needed."),
    "revenue-cap": ("condition", "Above a revenue a separate license is needed."),
    # Duties
    "include-license": ("condition", "A copy of the license goes with it."),
    "keep-notices": ("condition", "Copyright and license notices are kept."),
    "notice-file": ("condition", "A notice with a given text goes with it."),
    "attribution": ("condition", "The author is credited."),
    "state-changes": ("condition", "Changes are marked."),
    "name-prefix": ("condition", "A derived model's name starts with a given word."),
    "display": ("condition", "A given phrase is shown."),
    "pass-on-restrictions": ("condition", "The use restrictions bind every recipient."),
    "same-license": ("condition", "Copies and derivatives stay under this agreement."),
    "share-alike": ("condition", "Adapted versions stay under this license."),
    "disclose-source": ("condition", "Source is offered to those who receive it."),
    "network-source": ("condition", "Source is offered to users over a network."),
    "acceptable-use": ("condition", "A use policy, in another document, binds."),
    "outputs-derivative": ("condition", "A model trained on outputs is a derivative."),
    "guardrails": ("condition", "Safety mechanisms may not be removed."),
    "update-duty": ("condition", "The latest version is to be used."),
    # Facts
    "revocable": ("fact", "The licensor may end the license without a breach."),
    "irrevocable": ("fact", "The license says it cannot be revoked."),
    "patent-retaliation": ("fact", "The license ends for those who sue."),
    "ends-on-breach": ("fact", "The license ends on a breach."),
    "licensor-changes": ("fact", "The licensor may change the terms."),
}
"""Every code: its effect and what it means in general. Permissions count only where no prohibition
or unmet condition says otherwise."""


class Term(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One term of a license. Which parameters count depends on ``code``."""

    code: str
    says: str
    """One sentence of our own, present tense."""
    quote: str
    """Verbatim from ``document``, the shortest phrase that carries the term; ``…`` joins two."""
    section: str = ""
    document: str = "LICENSE"
    """The file among the publisher's where it stands, such as ``USE_POLICY.md``."""
    scope: tuple[Scope, ...] = ("weights",)
    when: Act = "use"
    on: tuple[Literal["copies", "derivatives", "output-trained"], ...] = ("copies", "derivatives")
    """Things the term follows to: unchanged copies, derivatives, models trained on outputs."""
    users: int | None = None
    """``user-cap``: more monthly active users than this. ``display``: only above this many."""
    counted: Literal["any-time", "at-release"] = "any-time"
    """``user-cap``: users counted when the version was released, or at any time."""
    usd: int | None = None
    """``revenue-cap``, ``display``: yearly (``display``: monthly) revenue in US dollars."""
    reached: bool = False
    """``user-cap``, ``revenue-cap``: the number itself already counts (``at least``)."""
    places: tuple[str, ...] = ()
    """``territory``: ISO country codes or ``EU`` that are *not* licensed."""
    modality: Literal["any", "multimodal"] = "any"
    """``territory``: whether it holds for every model or the multimodal ones."""
    multimodal_names: tuple[str, ...] = ()
    text_names: tuple[str, ...] = ()
    """``territory``: lower-case parts of names of the publisher's models of either modality."""
    purposes: tuple[str, ...] = ()
    """``purpose``: lower-case words for the ruled-out fields, from :data:`PURPOSES`."""
    text: str = ""
    """``notice-file``, ``display``, ``name-prefix``: the words to carry. A ``display`` with a
    ``modality`` is due for such models only."""
    alternatives: tuple[str, ...] = ()
    """``display``, ``name-prefix``: other words that satisfy it as well."""
    anywhere: bool = False
    """``name-prefix``: the word may stand anywhere in the name."""
    file: str = ""
    """``notice-file``: file name; ``acceptable-use``: the policy's file or address."""
    moving: bool = False
    """``acceptable-use``: the version in force is whatever the licensor publishes."""
    spares: str = ""
    """``no-output-training``: the family, or the key of the one license, still to be trained."""
    targets: Literal[
        "any-model", "language-model", "image-model", "foundation-model", "competing", "commercial"
    ] = "any-model"
    """``no-output-training``: which models may not be trained."""
    compatible: tuple[str, ...] = ()
    """``share-alike``: keys of other licenses the text allows for adapted versions."""
    combines: tuple[str, ...] = ()
    """``share-alike``: keys of licenses whose works may stand beside it in one combined work, each
    part staying under its own license."""
    reach: Literal["work", "library", "file", "database"] = "work"
    """``share-alike``, ``no-further-restrictions``, ``disclose-source``: how far the term goes. The
    whole derived work; the library without what only uses it; the covered files without their
    neighbors; the database without works made with it."""
    encouraged: bool = False
    """A wish, not a duty: shown, never required."""
    depends: str = ""
    """What must hold for the term to bite that no use case says, as a clause (``the product
    competes with the licensor's``): the term then asks for a human and never decides."""


class LicenseTerms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All terms of one license, and where they were read."""

    key: str
    family: str = ""
    """Models of one maker whose licenses spare each other: ``llama``, ``gemma`` …"""
    source: str
    as_of: str
    confidence: Literal["text", "secondary", "unverified"]
    terms: tuple[Term, ...]
    notes: str = ""


PURPOSES: frozenset[str] = frozenset(
    {
        "military", "weapons", "nuclear", "surveillance", "biometric-identification",
        "law-enforcement", "immigration", "critical-infrastructure", "medical-advice",
        "legal-advice", "credit-scoring", "employment", "insurance", "education-scoring",
        "social-scoring", "automated-decisions", "profiling", "discrimination", "minors",
        "harassment", "disinformation", "impersonation", "personal-data", "malware", "spam",
        "illegal", "violence", "drugs", "human-trafficking", "sexual-content", "gambling",
        "undisclosed-ai", "espionage", "export-controlled", "harm", "national-security",
    }
)  # fmt: skip
"""Fields of use a ``purpose`` term may rule out."""

_FOLDER = Path(__file__).parent / "data" / "license_terms"
_KEY = re.compile(r"\A[A-Za-z0-9.+-]+\Z")


@cache
def license_terms(key: str) -> LicenseTerms | None:
    """Return the terms of one license, None when they are not written down."""
    path = _FOLDER / f"{key}.toml"
    if not _KEY.match(key) or not path.is_file():
        return None
    found = msgspec.toml.decode(path.read_bytes(), type=LicenseTerms)
    for term in found.terms:
        if term.code not in CODES:
            raise ArtifactError(f"{path.name} has a term of the unknown kind {term.code!r}.")
    return found


def keys_with_terms() -> tuple[str, ...]:
    """Return the keys of every license whose terms are written down, sorted."""
    return tuple(sorted(path.name.removesuffix(".toml") for path in _FOLDER.glob("*.toml")))
