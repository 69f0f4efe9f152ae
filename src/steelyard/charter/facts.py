# SPDX-License-Identifier: Apache-2.0
"""The facts a charter's rules may read: one typed, documented schema.

:class:`Facts` is the root; each nested struct is one word a rule can start with (``scan.worst``,
``license.category``). From these types come the schema rules are checked against
(:mod:`steelyard.charter.engine`), the JSON that is kept with an assessment, and the reference page
(:func:`facts_reference`). A field that may be None is *unknown* when it is None: a rule that needs
it is then neither true nor false, and what is not known never counts in a model's favor.
"""

import datetime
from collections.abc import Iterator
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import Meta, Struct

from steelyard.charter.regulation.result import EuClass, Gpai
from steelyard.kernel.assessment import Tier
from steelyard.kernel.errors import InputError
from steelyard.kernel.license import LicenseCategory
from steelyard.kernel.signature import Outcome as SignatureOutcome
from steelyard.kernel.use_case import (
    Autonomy,
    DataClass,
    Exposure,
    PeopleAffected,
    PersonalData,
    UseCase,
)

Worst = Literal["clean", "unreadable", "suspicious", "malicious"]
CoverageLevel = Literal["full", "partial", "none"]
CommercialUse = Literal["yes", "no", "conditional"]
LicenseUse = Literal["ok", "review", "duty_missing", "needs_license", "prohibited"]
Origin = Literal["stated", "unnamed", "unstated"]


def _says(text: str) -> Any:
    return Meta(description=text)


class UseCaseFacts(Struct, frozen=True, kw_only=True):
    """The use case, as its owner wrote it down."""

    name: Annotated[str, _says("Short stable name.")]
    purpose: Annotated[str, _says("What the model will do, for whom.")]
    owner: Annotated[str, _says("Mail address of the accountable person or team.")]
    data_class: Annotated[DataClass, _says("Class of the data the model will see.")]
    personal_data: Annotated[PersonalData, _says("Personal data the model will see.")]
    people_affected: Annotated[PeopleAffected, _says("Who feels the model's output.")]
    autonomy: Annotated[Autonomy, _says("How far the model acts without a person.")]
    exposure: Annotated[Exposure, _says("Who can reach the model.")]
    environment: Annotated[str, _says("Environment the use case names.")]
    regions: Annotated[tuple[str, ...], _says("ISO country codes, or EU.")]
    commercial: Annotated[bool, _says("Used for commercial advantage.")]
    sector: Annotated[str, _says("Such as software, health, finance, education.")]
    expires: Annotated[datetime.date, _says("Last day the use case is valid.")]
    sponsor: Annotated[str | None, _says("Mail address of the executive sponsor.")] = None
    outputs_train_models: Annotated[bool | None, _says("Outputs will train other models.")] = None
    redistributes: Annotated[bool | None, _says("The weights are handed to others.")] = None
    monthly_users: Annotated[int | None, _says("Monthly active users planned.")] = None
    revenue_usd: Annotated[int | None, _says("Yearly revenue of the organization.")] = None
    establishment: Annotated[str | None, _says("Where the user is established.")] = None
    monthly_users_at_release: Annotated[
        int | None, _says("Monthly active users when the upstream version was released.")
    ] = None
    registered: Annotated[bool | None, _says("The registration a license asks for was made.")] = (
        None
    )
    unit: Annotated[str | None, _says("Business unit or team that owns it.")] = None
    phase: Annotated[str | None, _says("Phase of the charter's release plan it is for.")] = None
    data_sources: Annotated[
        tuple[str, ...] | None, _says("Sources of the data the model will be used on.")
    ] = None


class ModelFacts(Struct, frozen=True, kw_only=True):
    """The model, as its files describe it: claims of the publisher, not proofs."""

    name: Annotated[str, _says("Repository name, org/name where there is an organization.")]
    purl: Annotated[str, _says("Package URL.")]
    publisher: Annotated[str | None, _says("Organization that published it.")] = None
    commit: Annotated[str | None, _says("Immutable commit, 40 hexadecimal digits.")] = None
    task: Annotated[str | None, _says("Pipeline tag of the card, such as text-generation.")] = None
    library: Annotated[str | None, _says("Library that loads it.")] = None
    model_type: Annotated[str | None, _says("Model type of its configuration.")] = None
    architectures: Annotated[tuple[str, ...], _says("Architecture classes.")] = ()
    languages: Annotated[tuple[str, ...], _says("Languages the card names.")] = ()
    formats: Annotated[tuple[str, ...], _says("Formats of its weights.")] = ()
    parameters: Annotated[int | None, _says("Parameters counted in its tensors.")] = None
    size_bytes: Annotated[int, _says("Size of all files, in bytes.")] = 0
    base_models: Annotated[tuple[str, ...], _says("Base models the card names.")] = ()
    datasets: Annotated[tuple[str, ...], _says("Datasets the card names.")] = ()
    tags: Annotated[tuple[str, ...], _says("Tags of the card.")] = ()
    modalities: Annotated[
        tuple[str, ...] | None,
        _says("What goes in or comes out, by its task: text, image, audio, video, tabular, other."),
    ] = None
    library_version: Annotated[
        str | None, _says("Version of the library that saved it, as its configuration says.")
    ] = None
    published: Annotated[
        datetime.date | None, _says("Day the revision was published, where a source is at hand.")
    ] = None


class ArtifactFacts(Struct, frozen=True, kw_only=True):
    """The files, as their bytes show."""

    file_count: Annotated[int, _says("Files in the revision.")]
    size_bytes: Annotated[int, _says("Size of all files, in bytes.")]
    executes_on_load: Annotated[bool | None, _says("The usual loader runs code from a file.")] = (
        None
    )
    has_remote_code: Annotated[
        bool | None, _says("The loader would import the repository's code.")
    ] = None
    formats: Annotated[tuple[str, ...], _says("Formats found, by content.")] = ()
    weight_formats: Annotated[tuple[str, ...], _says("Formats of files that hold weights.")] = ()
    load_calls: Annotated[tuple[str, ...], _says("Callables the loader would invoke.")] = ()
    executable_files: Annotated[tuple[str, ...], _says("Paths of native executables.")] = ()
    pickle_files: Annotated[tuple[str, ...], _says("Paths of files that are pickles.")] = ()
    has_safetensors: Annotated[bool, _says("Weights are available as safetensors.")] = False


class ScanFacts(Struct, frozen=True, kw_only=True):
    """What the scanner found and how far it saw."""

    worst: Annotated[Worst, _says("Verdict of the worst file.")]
    coverage: Annotated[CoverageLevel, _says("Coverage of the least examined file.")]
    isolated: Annotated[bool, _says("The scanner ran behind all its walls.")]
    critical: Annotated[int, _says("Critical findings.")] = 0
    high: Annotated[int, _says("High findings.")] = 0
    medium: Annotated[int, _says("Medium findings.")] = 0
    low: Annotated[int, _says("Low findings.")] = 0
    rules: Annotated[tuple[str, ...], _says("Ids of the scanner rules that found something.")] = ()
    unexamined: Annotated[tuple[str, ...], _says("Paths not, or not fully, examined.")] = ()


class LicenseFacts(Struct, frozen=True, kw_only=True):
    """What the license texts and declarations say."""

    known: Annotated[bool, _says("Every license is known to the catalog.")]
    conflict: Annotated[bool, _says("Sources name different licenses.")]
    has_text: Annotated[bool, _says("A license text lies beside the model.")]
    declared: Annotated[str | None, _says("License the card, or else the package, names.")] = None
    expression: Annotated[str | None, _says("SPDX expression of all licenses.")] = None
    category: Annotated[
        LicenseCategory | None, _says("Category of the most restrictive license.")
    ] = None
    commercial_use: Annotated[CommercialUse | None, _says("Commercial use is permitted.")] = None
    keys: Annotated[tuple[str, ...], _says("Catalog keys of all licenses.")] = ()
    use: Annotated[
        LicenseUse | None, _says("What the licenses along the lineage mean for this use case.")
    ] = None
    open_duties: Annotated[
        tuple[str, ...], _says("License duties not fulfilled, as `license: duty`.")
    ] = ()
    clauses: Annotated[
        tuple[str, ...] | None, _says("Codes of all license terms; see `steelyard license show`.")
    ] = None
    conflicts: Annotated[tuple[str, ...], _says("Each conflict, as a sentence.")] = ()
    use_policy: Annotated[bool | None, _says("A use policy binds the user.")] = None
    output_restrictions: Annotated[bool | None, _says("Use of the outputs is restricted.")] = None
    naming_duty: Annotated[bool | None, _says("A name or badge must be shown.")] = None
    share_alike: Annotated[bool | None, _says("Derivatives must carry the same license.")] = None


class CardSectionFacts(Struct, frozen=True, kw_only=True):
    """One topic of the model card."""

    stated: Annotated[bool, _says("The card says something about it.")] = False


class CardFacts(Struct, frozen=True, kw_only=True):
    """The model card."""

    present: Annotated[bool, _says("There is a model card.")]
    completeness: Annotated[int, _says("Share of expected topics stated, 0 to 100.")] = 0
    license: Annotated[str | None, _says("License the card names.")] = None
    training_data: Annotated[CardSectionFacts, _says("Training data.")] = CardSectionFacts()
    intended_use: Annotated[CardSectionFacts, _says("Intended use.")] = CardSectionFacts()
    limitations: Annotated[CardSectionFacts, _says("Known limitations.")] = CardSectionFacts()
    evaluation: Annotated[CardSectionFacts, _says("Evaluation results.")] = CardSectionFacts()


class ProvenanceFacts(Struct, frozen=True, kw_only=True):
    """Where the model comes from."""

    revision_immutable: Annotated[bool, _says("The revision is named by commit or digest.")]
    base_models_stated: Annotated[bool, _says("The card names the base model.")] = False
    datasets_stated: Annotated[bool, _says("The card names the training datasets.")] = False
    origin: Annotated[
        Origin | None, _says("Whether the files name what the weights were made from.")
    ] = None
    contradictions: Annotated[
        int, _says("Statements about its origin that contradict each other.")
    ] = 0
    ancestors: Annotated[
        tuple[str, ...], _says("Names of all models it claims to derive from.")
    ] = ()
    signed: Annotated[bool | None, _says("A valid publisher's signature covers it.")] = None
    signature: Annotated[SignatureOutcome | None, _says("What its signature is worth.")] = None
    signed_by: Annotated[str | None, _says("Identity, else key, of a verified signature.")] = None
    signed_whole: Annotated[bool | None, _says("The signature leaves no file out.")] = None
    attested: Annotated[
        tuple[str, ...] | None, _says("Types of trusted attestations that passed.")
    ] = None
    attested_against: Annotated[
        tuple[str, ...] | None, _says("Types of attestations that failed.")
    ] = None


class ReleaseFacts(Struct, frozen=True, kw_only=True):
    """How far the release of this revision for this use case has come."""

    completed: Annotated[
        tuple[str, ...] | None, _says("Phases of the charter's release plan that are complete.")
    ] = None


class RegulationFacts(Struct, frozen=True, kw_only=True):
    """What the EU AI Act makes of the use, by the answers in the use case."""

    eu_class: Annotated[
        EuClass | None, _says("Class of the system; open questions count as strictest.")
    ] = None
    eu_roles: Annotated[tuple[str, ...] | None, _says("Roles, such as deployer.")] = None
    gpai: Annotated[Gpai | None, _says("Standing as provider of a general-purpose model.")] = None
    eu_obligations: Annotated[
        tuple[str, ...] | None, _says("Ids of the obligations in force that day.")
    ] = None
    eu_open: Annotated[tuple[str, ...] | None, _says("Questions nobody has answered for sure.")] = (
        None
    )


class RiskFacts(Struct, frozen=True, kw_only=True):
    """The risk worked out by the charter: for rules, controls and (score only) tiers."""

    score: Annotated[int, _says("Risk score, 0 to 100.")]
    tier: Annotated[Tier | None, _says("Risk tier.")] = None


class Facts(Struct, frozen=True, kw_only=True):
    """Everything a rule may read. ``risk`` is filled in by the evaluation."""

    environment: Annotated[str, _says("Environment the model is wanted in.")]
    today: Annotated[datetime.date, _says("Date of the evaluation.")]
    use_case: UseCaseFacts
    model: ModelFacts
    artifacts: ArtifactFacts
    scan: ScanFacts
    license: LicenseFacts
    card: CardFacts
    provenance: ProvenanceFacts
    risk: RiskFacts | None = None
    release: ReleaseFacts = ReleaseFacts()
    regulation: RegulationFacts = RegulationFacts()


def use_case_facts(use_case: UseCase) -> UseCaseFacts:
    """Return the facts of ``use_case``; the fields are the same."""
    fields = UseCaseFacts.__struct_fields__
    return UseCaseFacts(**{name: getattr(use_case, name) for name in fields})


def facts_document(facts: Facts) -> dict[str, Any]:
    """Return ``facts`` as plain JSON data, as an assessment keeps them; unknown ones are null."""
    document: dict[str, Any] = msgspec.to_builtins(facts)
    return document


def facts_from_document(document: dict[str, Any]) -> Facts:
    """Return the facts kept in an assessment.

    Raises:
        InputError: the document does not hold facts of this schema.
    """
    try:
        return msgspec.convert(document, Facts)
    except msgspec.ValidationError as error:
        raise InputError(
            f"These are not facts as this version knows them: {error}.",
            next_step="Assess the model again, or replay with the version that wrote them.",
            code="facts.invalid",
        ) from error


class FactType(Struct, frozen=True):
    """The type of one fact: ``kind`` is ``bool · int · string · date · strings · message``."""

    path: str
    kind: str
    optional: bool
    description: str
    values: tuple[str, ...] = ()
    """The only values a string fact can have, where they are known."""
    message: type[Struct] | None = None


_KINDS: dict[Any, str] = {bool: "bool", int: "int", str: "string", datetime.date: "date"}


def fields_of(message: type[Struct], prefix: str = "") -> Iterator[FactType]:
    """Yield the direct fields of a struct of this schema with their types."""
    for name in message.__struct_fields__:
        yield _fact_type(message.__annotations__[name], f"{prefix}{name}")


def all_facts(message: type[Struct] = Facts, prefix: str = "") -> Iterator[FactType]:
    """Yield every fact below ``message``, depth first, messages before their fields."""
    for fact in fields_of(message, prefix):
        yield fact
        if fact.message is not None:
            yield from all_facts(fact.message, f"{fact.path}.")


@cache
def fact_types() -> dict[str, FactType]:
    """Return every fact by its path."""
    return {fact.path: fact for fact in all_facts()}


def _fact_type(annotation: Any, path: str) -> FactType:
    description = ""
    if get_origin(annotation) is Annotated:
        annotation, *extras = get_args(annotation)
        description = next((x.description for x in extras if isinstance(x, Meta)), None) or ""
    optional = False
    if get_origin(annotation) in (Union, UnionType):
        members = [member for member in get_args(annotation) if member is not NoneType]
        optional, annotation = True, members[0]
    if get_origin(annotation) is Literal:
        return FactType(path, "string", optional, description, get_args(annotation))
    if get_origin(annotation) is tuple:
        return FactType(path, "strings", optional, description)
    if isinstance(annotation, type) and issubclass(annotation, Struct):
        first_line = (annotation.__doc__ or "").partition("\n")[0]
        text = description or first_line
        return FactType(path, "message", optional, text, message=annotation)
    return FactType(path, _KINDS[annotation], optional, description)


def facts_reference() -> str:
    """Return the reference page of all facts, as Markdown."""
    lines = [
        "# Facts a charter may read",
        "",
        "Generated from `steelyard.charter.facts`. A fact marked *may be unknown* makes a rule",
        "that needs it unknown, and an unknown rule counts as not satisfied; test the fact with",
        "`has(…)`.",
        "",
    ]
    rows: list[FactType] = []
    sections: list[tuple[str, str, list[FactType]]] = [("", "", rows)]
    for fact in all_facts():
        if fact.message is not None and "." not in fact.path:
            sections.append((fact.path, fact.description, []))
            continue
        if fact.message is None:
            root = fact.path.partition(".")[0] if "." in fact.path else ""
            next(section for section in sections if section[0] == root)[2].append(fact)
    for root, text, facts in sections:
        lines += [f"## {root or 'On their own'}", ""]
        lines += [text, ""] if text else []
        lines += ["| fact | type | meaning |", "|---|---|---|"]
        lines += [_reference_row(fact) for fact in facts]
        lines.append("")
    return "\n".join(lines)


def _reference_row(fact: FactType) -> str:
    kind = {"strings": "list of strings"}.get(fact.kind, fact.kind)
    if fact.values:
        kind = " · ".join(f"`{value}`" for value in fact.values)
    unknown = " *May be unknown.*" if fact.optional else ""
    return f"| `{fact.path}` | {kind} | {fact.description}{unknown} |"
