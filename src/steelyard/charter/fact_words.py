# SPDX-License-Identifier: Apache-2.0
"""How facts are called in a sentence. A fact without an entry goes by its own description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from steelyard.charter.facts import fact_types


class Noun(NamedTuple):
    """How a fact is called: ``the risk score``. ``one`` is what a single entry of a list is."""

    text: str
    plural: bool = False
    one: str = ""

    @property
    def verb(self) -> str:
        """``is`` or ``are``."""
        return "are" if self.plural else "is"


class Claim(NamedTuple):
    """A fact that is true or false, as the two sentences it stands for."""

    yes: str
    no: str


def noun_of(path: str) -> Noun | None:
    """Return how the fact at ``path`` is called; None when there is no such fact."""
    known = NOUNS.get(path)
    if known is not None:
        return known
    fact = fact_types().get(path)
    if fact is None or not fact.description:
        return None
    said = fact.description.rstrip(".")
    text = said if said[:2].isupper() else f"{said[:1].lower()}{said[1:]}"
    return Noun(f"the {text}", plural=fact.kind == "strings")


def claim_of(path: str) -> Claim | None:
    """Return the sentences of a fact that is true or false; None when it is none."""
    known = CLAIMS.get(path)
    if known is not None:
        return known
    fact = fact_types().get(path)
    if fact is None or fact.kind != "bool" or not fact.description:
        return None
    said = fact.description.rstrip(".")
    return Claim(f"“{said}” is true", f"“{said}” is not true")


CLAIMS: Final[Mapping[str, Claim]] = {
    "use_case.commercial": Claim("the use is commercial", "the use is not commercial"),
    "use_case.outputs_train_models": Claim(
        "the outputs will train other models", "the outputs will not train other models"
    ),
    "use_case.redistributes": Claim(
        "the weights are handed to others", "the weights are not handed to others"
    ),
    "use_case.registered": Claim(
        "the registration the license asks for was made",
        "the registration the license asks for was not made",
    ),
    "artifacts.executes_on_load": Claim(
        "loading the model runs code from one of its files",
        "loading the model runs no code from its files",
    ),
    "artifacts.has_remote_code": Claim(
        "loading the model would import code from its repository",
        "loading the model imports no code from its repository",
    ),
    "artifacts.has_safetensors": Claim(
        "the weights are available as safetensors", "the weights are not available as safetensors"
    ),
    "scan.isolated": Claim(
        "the scanner ran behind all its walls", "the scanner did not run behind all its walls"
    ),
    "license.known": Claim(
        "every license is known to the catalog", "some license is not known to the catalog"
    ),
    "license.conflict": Claim(
        "two places name different licenses", "no two places name different licenses"
    ),
    "license.has_text": Claim(
        "the license text lies beside the model", "no license text lies beside the model"
    ),
    "license.use_policy": Claim("a use policy binds the user", "no use policy binds the user"),
    "license.output_restrictions": Claim(
        "the license restricts what the outputs may be used for",
        "the license does not restrict what the outputs may be used for",
    ),
    "license.naming_duty": Claim(
        "the license asks for a name or badge to be shown",
        "the license asks for no name or badge to be shown",
    ),
    "license.share_alike": Claim(
        "what is made from the model must carry the same license",
        "what is made from the model may carry another license",
    ),
    "card.present": Claim("there is a model card", "there is no model card"),
    "card.training_data.stated": Claim(
        "the model card names the training data", "the model card does not name the training data"
    ),
    "card.intended_use.stated": Claim(
        "the model card says what the model is for",
        "the model card does not say what the model is for",
    ),
    "card.limitations.stated": Claim(
        "the model card names known limitations", "the model card does not name known limitations"
    ),
    "card.evaluation.stated": Claim(
        "the model card shows evaluation results",
        "the model card does not show evaluation results",
    ),
    "provenance.revision_immutable": Claim(
        "the revision is named by a commit or a digest",
        "the revision is not named by a commit or a digest",
    ),
    "provenance.base_models_stated": Claim(
        "the model card names the base model", "the model card does not name the base model"
    ),
    "provenance.datasets_stated": Claim(
        "the model card names the training data sets",
        "the model card does not name the training data sets",
    ),
    "provenance.signed": Claim(
        "a valid signature of the publisher covers the model",
        "no valid signature of the publisher covers the model",
    ),
    "provenance.signed_whole": Claim(
        "the signature leaves no file out", "the signature leaves some file out"
    ),
}
"""Facts that are true or false."""

NOUNS: Final[Mapping[str, Noun]] = {
    "environment": Noun("the environment"),
    "today": Noun("the day of the evaluation"),
    "use_case.name": Noun("the name of the use case"),
    "use_case.purpose": Noun("the purpose of the use case"),
    "use_case.owner": Noun("the owner of the use case"),
    "use_case.data_class": Noun("the data"),
    "use_case.personal_data": Noun("the personal data the model will see"),
    "use_case.people_affected": Noun("the people affected", plural=True),
    "use_case.autonomy": Noun("the autonomy of the system"),
    "use_case.exposure": Noun("the exposure of the model"),
    "use_case.environment": Noun("the environment the use case names"),
    "use_case.regions": Noun("the regions of the use case", plural=True, one="region"),
    "use_case.sector": Noun("the sector"),
    "use_case.expires": Noun("the last day of the use case"),
    "use_case.sponsor": Noun("the executive sponsor"),
    "use_case.monthly_users": Noun("the number of planned monthly users"),
    "use_case.revenue_usd": Noun("the yearly revenue in US dollars"),
    "use_case.establishment": Noun("the place where the user is established"),
    "use_case.monthly_users_at_release": Noun(
        "the number of monthly users when the upstream version was released"
    ),
    "use_case.unit": Noun("the business unit"),
    "use_case.phase": Noun("the phase of the release"),
    "use_case.data_sources": Noun(
        "the data sources of the use case", plural=True, one="data source"
    ),
    "model.name": Noun("the model's name"),
    "model.purl": Noun("the model's package URL"),
    "model.publisher": Noun("the publisher"),
    "model.commit": Noun("the model's commit"),
    "model.task": Noun("the model's task"),
    "model.library": Noun("the library that loads the model"),
    "model.library_version": Noun("the version of the library that saved the model"),
    "model.model_type": Noun("the model type"),
    "model.architectures": Noun("the architectures of the model", plural=True, one="architecture"),
    "model.languages": Noun("the languages of the model", plural=True, one="language"),
    "model.formats": Noun("the formats of the weights", plural=True, one="format"),
    "model.modalities": Noun("the modalities of the model", plural=True, one="modality"),
    "model.parameters": Noun("the number of parameters"),
    "model.size_bytes": Noun("the size of all files in bytes"),
    "model.base_models": Noun("the base models", plural=True, one="base model"),
    "model.datasets": Noun("the training data sets", plural=True, one="training data set"),
    "model.tags": Noun("the model's tags", plural=True, one="tag"),
    "model.published": Noun("the day the revision was published"),
    "artifacts.file_count": Noun("the number of files"),
    "artifacts.size_bytes": Noun("the size of all files in bytes"),
    "artifacts.formats": Noun("the formats of the files", plural=True, one="format"),
    "artifacts.weight_formats": Noun("the formats of the weights", plural=True, one="format"),
    "artifacts.load_calls": Noun("the functions the loader calls", plural=True, one="call"),
    "artifacts.executable_files": Noun(
        "the native executables", plural=True, one="native executable"
    ),
    "artifacts.pickle_files": Noun("the files that are pickles", plural=True, one="pickle"),
    "scan.worst": Noun("the worst file"),
    "scan.coverage": Noun("the coverage of the scan"),
    "scan.critical": Noun("the number of critical findings"),
    "scan.high": Noun("the number of high findings"),
    "scan.medium": Noun("the number of medium findings"),
    "scan.low": Noun("the number of low findings"),
    "scan.rules": Noun("the scanner's findings", plural=True, one="finding"),
    "scan.unexamined": Noun("the files not fully examined", plural=True, one="unexamined file"),
    "license.declared": Noun("the declared license"),
    "license.expression": Noun("the license expression"),
    "license.category": Noun("the category of the most restrictive license"),
    "license.commercial_use": Noun("the license's word on commercial use"),
    "license.keys": Noun("the licenses", plural=True, one="license"),
    "license.use": Noun("the answer of the licenses along the lineage"),
    "license.open_duties": Noun("the open license duties", plural=True, one="open license duty"),
    "license.clauses": Noun("the clauses of the licenses", plural=True, one="clause"),
    "license.conflicts": Noun("the license conflicts", plural=True, one="license conflict"),
    "card.completeness": Noun("the completeness of the model card in percent"),
    "card.license": Noun("the license the card names"),
    "provenance.origin": Noun("the statement of origin"),
    "provenance.contradictions": Noun("the number of contradictions about the model's origin"),
    "provenance.ancestors": Noun("the ancestors of the model", plural=True, one="ancestor"),
    "provenance.signature": Noun("the state of the signature"),
    "provenance.signed_by": Noun("the signer"),
    "provenance.attested": Noun("the attestations that passed", plural=True, one="attestation"),
    "provenance.attested_against": Noun(
        "the attestations that failed", plural=True, one="failed attestation"
    ),
    "release.completed": Noun("the completed release phases", plural=True, one="completed phase"),
    "risk.score": Noun("the risk score"),
    "risk.tier": Noun("the risk tier"),
}
"""Facts that are words, numbers, dates or lists."""

KNOWN: Final[Mapping[str, Claim]] = {
    "use_case.sponsor": Claim(
        "the use case names an executive sponsor", "the use case names no executive sponsor"
    ),
    "model.task": Claim("the model states its task", "the model does not state its task"),
    "model.publisher": Claim("the publisher is known", "the publisher is not known"),
    "model.library": Claim(
        "the model states which library loads it",
        "the model does not state which library loads it",
    ),
    "model.model_type": Claim("the model states its type", "the model does not state its type"),
    "license.use": Claim(
        "the licenses along the lineage could be judged",
        "the licenses along the lineage could not be judged",
    ),
    "license.commercial_use": Claim(
        "it is known whether commercial use is permitted",
        "it is not known whether commercial use is permitted",
    ),
}
"""What ``has(…)`` says about some facts; others are ``known``."""

PHRASES: Final[Mapping[str, Mapping[str, Claim]]] = {
    "license.commercial_use": {
        "yes": Claim(
            "the license permits commercial use",
            "the license does not permit commercial use without conditions",
        ),
        "no": Claim(
            "the license forbids commercial use", "the license does not forbid commercial use"
        ),
        "conditional": Claim(
            "the license permits commercial use only under conditions",
            "the license sets no conditions on commercial use",
        ),
    },
    "license.use": {
        "ok": Claim(
            "nothing in the licenses on the way stands against the use",
            "something in the licenses on the way stands against the use",
        ),
        "review": Claim(
            "a person must read the licenses on the way",
            "no person has to read the licenses on the way",
        ),
        "duty_missing": Claim("a license duty is not fulfilled", "no license duty is missing"),
        "needs_license": Claim("a license must be obtained", "no license has to be obtained"),
        "prohibited": Claim(
            "a license on the way forbids the use", "no license on the way forbids the use"
        ),
    },
    "scan.coverage": {
        "full": Claim("every file was examined in full", "not every file was examined in full"),
    },
    "use_case.personal_data": {
        "none": Claim("the model sees no personal data", "the model sees personal data"),
        "special-category": Claim(
            "the model sees special categories of personal data",
            "the model sees no special categories of personal data",
        ),
        "ordinary": Claim(
            "the model sees ordinary personal data",
            "the model sees no personal data, or special categories of it",
        ),
    },
    "use_case.autonomy": {
        "assistive": Claim("the system only assists people", "the system does more than assist"),
        "autonomous": Claim("the system acts on its own", "the system does not act on its own"),
        "supervised": Claim(
            "the system acts under supervision", "the system does not act under supervision"
        ),
    },
    "use_case.people_affected": {
        "nobody": Claim("nobody is affected", "people are affected"),
    },
    "use_case.exposure": {
        "internal": Claim(
            "only people inside can reach the model", "people outside can reach the model"
        ),
        "public": Claim("anybody can reach the model", "not everybody can reach the model"),
        "partner": Claim(
            "partners can reach the model",
            "those who can reach the model are not partners",
        ),
    },
}
"""Comparisons of a fact with one of its values that read better as sentences of their own."""

VALUES: Final[Mapping[str, Mapping[str, str]]] = {
    "use_case.people_affected": {"public": "the public"},
}
"""Values that read better in other words, by fact."""
