# SPDX-License-Identifier: Apache-2.0
"""What somebody could change about an adoption, and what it would take.

A lever moves the facts that hang together: weights in another format are no pickle either. Who a
model or a publisher *is*, what the license says, what a use case is for and what day it is are
no levers, nor is a malicious file made harmless: such a decision is changed by another model only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from steelyard.charter.engine import View
from steelyard.charter.facts import fact_types
from steelyard.charter.schema import Charter
from steelyard.charter.worlds.ask import Domains

Changes = dict[str, Any]
"""Facts by path with their new value."""


class Lever(Struct, frozen=True):
    """One possible change: facts, what to do, and in which cases it is only a hope."""

    key: str
    """Levers of the same key exclude one another."""
    do: str
    changes: Changes


_CHOICES: dict[str, tuple[tuple[str, ...], str]] = {
    "use_case.exposure": (("internal", "partner", "public"),
                          "Let only {0} users reach the model."),
    "use_case.autonomy": (("assistive", "supervised", "autonomous"),
                          "Keep a person in between: {0} instead of {1} use."),
    "use_case.data_class": (("public", "internal", "confidential", "restricted"),
                            "Give the model {0} data only."),
    "use_case.people_affected": (("nobody", "staff", "customers", "public"),
                                 "Limit whom the output affects: {0} instead of {1}."),
}  # fmt: skip
"""Choices of the use case, the harmless ones first, and what to do."""
_PERSONAL = {
    "none": "Keep personal data away from the model.",
    "ordinary": "Keep health, belief and similar data of people away from the model.",
}
_STATED: tuple[tuple[str, Any, str, Changes], ...] = (
    ("use_case.sponsor", None, "Name an executive sponsor in the use case.",
     {"use_case.sponsor": "sponsor@example.org"}),
    ("use_case.outputs_train_models", (True, None),
     "Do not train other models on the outputs, and say so in the use case.",
     {"use_case.outputs_train_models": False}),
    ("use_case.redistributes", (True, None),
     "Do not hand the weights to others, and say so in the use case.",
     {"use_case.redistributes": False}),
    ("artifacts.executes_on_load", (True, None),
     "Use weights that run no code when they are loaded, such as safetensors.",
     {"artifacts.executes_on_load": False, "artifacts.has_safetensors": True,
      "artifacts.weight_formats": ("safetensors",), "artifacts.load_calls": (),
      "artifacts.pickle_files": (), "model.formats": ("safetensors",)}),
    ("artifacts.has_safetensors", False, "Ask for the weights as safetensors as well.",
     {"artifacts.has_safetensors": True}),
    ("artifacts.has_remote_code", (True, None),
     "Use a release that a library loads without code from the repository.",
     {"artifacts.has_remote_code": False}),
    ("scan.worst", ("suspicious",),
     "Have the suspicious files taken out, or replaced by harmless ones.",
     {"scan.worst": "clean", "scan.critical": 0, "scan.high": 0, "scan.rules": ()}),
    ("scan.coverage", ("partial", "none"),
     "Take out what could not be examined, or ask for it in a readable format.",
     {"scan.coverage": "full", "scan.unexamined": ()}),
    ("scan.isolated", False, "Assess the model where the scanner's walls stand.",
     {"scan.isolated": True}),
    ("provenance.revision_immutable", False, "Name the model by its commit.",
     {"provenance.revision_immutable": True, "model.commit": "0" * 40}),
    ("provenance.signed", (False, None), "Ask the publisher to sign every file of the model.",
     {"provenance.signed": True, "provenance.signature": "verified",
      "provenance.signed_whole": True}),
    ("provenance.base_models_stated", False, "Ask the publisher to name the base model.",
     {"provenance.base_models_stated": True, "provenance.origin": "stated"}),
    ("license.has_text", False, "Ask the publisher to include the text of the license.",
     {"license.has_text": True}),
    ("license.conflict", True, "Ask the publisher which license holds, and have it corrected.",
     {"license.conflict": False, "license.conflicts": ()}),
    ("license.use", ("duty_missing",), "Fulfil the open duties of the license.",
     {"license.use": "ok", "license.open_duties": ()}),
    ("license.use", ("needs_license",), "Obtain the license that is needed.",
     {"license.use": "ok"}),
    ("license.known", False,
     "Find out the license; this helps if it turns out to be a permissive one.",
     {"license.known": True, "license.category": "permissive", "license.commercial_use": "yes",
      "license.use": "ok", "license.keys": ("apache-2.0",), "license.conflict": False,
      "license.output_restrictions": False, "license.use_policy": False}),
    ("card.present", False, "Ask the publisher for a model card.",
     {"card.present": True}),
    ("card.training_data.stated", False,
     "Ask the publisher to name the training data in the model card.",
     {"card.training_data.stated": True, "provenance.datasets_stated": True,
      "card.present": True}),
    ("card.intended_use.stated", False,
     "Ask the publisher to state the intended use in the model card.",
     {"card.intended_use.stated": True, "card.present": True}),
    ("card.limitations.stated", False,
     "Ask the publisher to state known limitations in the model card.",
     {"card.limitations.stated": True, "card.present": True}),
    ("card.evaluation.stated", False,
     "Ask the publisher to report evaluation results in the model card.",
     {"card.evaluation.stated": True, "card.present": True}),
)  # fmt: skip
"""Fact, values from which the lever moves it, what to do, and all facts that move."""


def levers(charter: Charter, view: View, texts: tuple[str, ...]) -> Iterator[Lever]:
    """Yield what could be changed about the facts of ``view`` under ``charter``.

    ``texts`` are the expressions that matter, for the values they name.
    """
    yield from _environments(charter, view, texts)
    for path, (values, do) in _CHOICES.items():
        current = view.get(path)
        if current in values:
            for value in values[: values.index(current)]:
                yield Lever(path, do.format(value, current), {path: value})
    data = view.get("use_case.personal_data")
    for value in {"special-category": ("none", "ordinary"), "ordinary": ("none",)}.get(data, ()):
        yield Lever("use_case.personal_data", _PERSONAL[value], {"use_case.personal_data": value})
    yield from _plan(charter, view, texts)
    for path, wanted, do, changes in _STATED:
        froms = wanted if isinstance(wanted, tuple) else (wanted,)
        if view.get(path) in froms and path in fact_types():
            moved = {name: value for name, value in changes.items() if view.get(name) != value}
            if path == "license.known":
                # A license nobody knows may turn out well; what is known of it stays.
                moved = {n: v for n, v in moved.items() if n == path or not view.get(n)}
            yield Lever(path, do, moved)
    if view.get("license.open_duties") and view.get("license.use") != "duty_missing":
        yield Lever(
            "license.open_duties", "Fulfil the open duties of the license.",
            {"license.open_duties": ()},
        )  # fmt: skip
    if view.get("scan.worst") == "unreadable":
        yield Lever(
            "scan.coverage", "Take out the files that cannot be read, or ask for readable ones.",
            {"scan.worst": "clean", "scan.coverage": "full", "scan.unexamined": ()},
        )  # fmt: skip
    completeness = view.get("card.completeness")
    if isinstance(completeness, int) and completeness < 100:
        card = {f"card.{topic}.stated": True for topic in _TOPICS}
        yield Lever(
            "card.completeness", "Ask the publisher for a complete model card.",
            {"card.completeness": 100, "card.present": True, **card,
             "provenance.datasets_stated": True},
        )  # fmt: skip


_TOPICS = ("training_data", "intended_use", "limitations", "evaluation")


def _environments(charter: Charter, view: View, texts: tuple[str, ...]) -> Iterator[Lever]:
    known = charter.scope.environments if charter.scope is not None else ()
    named = Domains(text for text in texts if "environment" in text).values.get("environment", ())
    current = view.get("environment")
    for place in dict.fromkeys((*known, *(word for word in named if word != "something-else"))):
        if place == current or (known and place not in known):
            continue
        yield Lever(
            "environment", f"Ask for the environment {place} instead of {current}.",
            {"environment": place, "use_case.environment": place},
        )  # fmt: skip


def _plan(charter: Charter, view: View, texts: tuple[str, ...]) -> Iterator[Lever]:
    """Yield what a use case may say and complete under the charter's plan of release."""
    phases = [phase.name for phase in charter.release]
    done = view.get("release.completed") or []
    for name in phases:
        if name not in done:
            yield Lever(
                "release.completed", f"Complete the phase {name} first.",
                {"release.completed": (*done, name)},
            )  # fmt: skip
        if view.get("use_case.phase") != name:
            yield Lever("use_case.phase", f"Ask for the phase {name}.", {"use_case.phase": name})
    users = view.get("use_case.monthly_users")
    for phase in charter.release:
        if phase.users is not None and (users is None or users > phase.users):
            yield Lever(
                "use_case.monthly_users",
                f"Serve at most {phase.users} people a month, and say so in the use case.",
                {"use_case.monthly_users": phase.users},
            )  # fmt: skip
    for path, what in (("use_case.unit", "business unit"),):
        if view.get(path) is None:
            values = Domains(text for text in texts if path in text).values.get(path, ())
            for word in values:
                if isinstance(word, str) and word != "something-else":
                    yield Lever(path, f"State the {what} in the use case; this helps if it is "
                                f"{word}.", {path: word})  # fmt: skip
