# SPDX-License-Identifier: Apache-2.0
"""What may come in: models, data, licenses, and the security every model must have."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from steelyard.charter.schema.words import (
    ByEnvironment,
    Consequence,
    Duration,
    Expression,
    Role,
    Words,
)


class Selection(Struct, frozen=True, kw_only=True):
    """Models picked by what they say they are. A word may end in ``*``."""

    tasks: Words = ()
    publishers: Words = ()
    libraries: Words = ()
    model_types: Words = ()
    names: Words = ()
    formats: Words = ()
    modalities: Words = ()
    """What goes in or comes out: ``text · image · audio · video · tabular · other``."""
    architectures: Words = ()
    origins: Words = ()
    """Countries (or any word) that ``publishers`` of this section gives a publisher."""


class PublisherTerms(Struct, frozen=True, kw_only=True):
    """What the organization knows about a publisher."""

    origin: str
    """Country or group, as ``origins`` names them."""
    note: str = ""


class ModelsSection(Struct, frozen=True, kw_only=True):
    """Which models may come in. ``unknown`` is what happens when a model does not say."""

    allow: Selection = Selection()
    forbid: Selection = Selection()
    unknown: Consequence = "review(model-owner)"
    publishers: dict[str, PublisherTerms] = {}
    most_parameters: Annotated[int, Meta(ge=1)] | None = None
    most_bytes: Annotated[int, Meta(ge=1)] | None = None
    """Size of all files."""
    oldest: Duration | None = None
    """A revision published longer ago is not accepted."""
    settled_for: Duration | None = None
    """A revision must have been public this long: most poisoned uploads are found by then."""
    otherwise: Consequence = "reject"
    """What happens to a model that is too large, too old or too new."""


class TrainingSection(Struct, frozen=True, kw_only=True):
    """Which training data is not acceptable, and what happens when none is named."""

    forbid: Words = ()
    unknown: Consequence = "review(privacy)"
    allow: Words = ()
    """Where given, other named datasets have ``unlisted`` as consequence."""
    unlisted: Consequence = "review(privacy)"
    otherwise: Consequence = "reject"
    """What happens to forbidden data."""


class UseDataSection(Struct, frozen=True, kw_only=True):
    """Which data the use case may feed to a model."""

    allow: Words = ()
    forbid: Words = ()
    unknown: Consequence = "review(privacy)"
    """What happens when the use case names no sources."""
    unlisted: Consequence = "review(privacy)"
    otherwise: Consequence = "reject"


class DataSection(Struct, frozen=True, kw_only=True):
    """Permissible data sources: what a model was trained on, and what it will be used on."""

    training: TrainingSection | None = None
    use: UseDataSection | None = None


class LicenseEntry(Struct, frozen=True, kw_only=True):
    """A license that is listed only under a condition."""

    license: str
    """Category or catalog key."""
    when: Expression
    why: str = ""


class ClausesSection(Struct, frozen=True, kw_only=True):
    """Licenses by what they say: codes of the catalog's license terms."""

    review: Words = ()
    forbid: Words = ()


class LicensesSection(Struct, frozen=True, kw_only=True):
    """Licenses by category, by catalog key or by clause. What is in no list is reviewed."""

    allow: Words = ()
    review: tuple[str | LicenseEntry, ...] = ()
    forbid: tuple[str | LicenseEntry, ...] = ()
    reviewers: tuple[Role, ...] = ("legal",)
    clauses: ClausesSection | None = None


class SecuritySection(Struct, frozen=True, kw_only=True):
    """The security every model must have, whatever it is for. What is left out is not asked."""

    malicious: ByEnvironment | None = None
    suspicious: ByEnvironment | None = None
    not_examined: ByEnvironment | None = None
    """A file was not, or not fully, examined."""
    unisolated_scan: ByEnvironment | None = None
    high_findings: ByEnvironment | None = None
    code_on_load: ByEnvironment | None = None
    """The usual loader runs code from a file."""
    remote_code: ByEnvironment | None = None
    """The loader would import Python of the repository."""
    executables: ByEnvironment | None = None
    """Programs for the machine among the files."""
    no_safetensors: ByEnvironment | None = None
    unpinned: ByEnvironment | None = None
    """The revision is not named by a commit or a digest."""
    unsigned: ByEnvironment | None = None
    signers: Words = ()
    """Identities or key fingerprints; where given, another signer is as good as none."""
    contradictory_origin: ByEnvironment | None = None
