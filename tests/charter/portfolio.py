# SPDX-License-Identifier: Apache-2.0
"""Assessments nobody made: realistic ones by seed, and any that the schema of facts allows.

:func:`recorded` draws a plausible portfolio: a few teams with their use cases, many encoders and
language models in safetensors, some pickles, now and then an unknown license. :func:`any_facts` is
a hypothesis strategy built from the types themselves, so a fact added later is in it.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterator
from typing import Any

import msgspec
from hypothesis import strategies as st

from steelyard.charter.engine import compile_rule
from steelyard.charter.facts import Facts, FactType, fields_of
from steelyard.charter.schema import Charter
from steelyard.kernel.assessment import ControlTask
from tests.charter.samples import document

_TEAMS = (
    ("search", "internal-search", "internal", "none", "staff", "assistive", "internal"),
    ("support", "reply-drafts", "confidential", "ordinary", "customers", "supervised", "partner"),
    ("clinic", "triage-notes", "restricted", "special-category", "public", "supervised", "public"),
    ("growth", "ad-copy", "public", "none", "customers", "autonomous", "public"),
    ("platform", "code-completion", "confidential", "none", "staff", "assistive", "internal"),
    ("fraud", "payment-alerts", "restricted", "ordinary", "customers", "autonomous", "internal"),
)
_MODELS = (
    ("text-generation", "transformers", "llama", "community"),
    ("text-generation", "transformers", "qwen2", "permissive"),
    ("sentence-similarity", "sentence-transformers", "bert", "permissive"),
    ("automatic-speech-recognition", "transformers", "whisper", "permissive"),
    ("text-to-image", "diffusers", "unet", "use-restricted"),
    ("tabular-classification", "sklearn", None, "non-commercial"),
    ("token-classification", "transformers", "roberta", "strong-copyleft"),
)
_KEYS = {"community": "llama-3.1-license-2024", "strong-copyleft": "gpl-3.0"}
_PUBLISHERS = ("meta-llama", "Qwen", "sentence-transformers", "openai", "stabilityai", "someone")


MODELS = 5000
"""Models in a portfolio; each is assessed again and again, for several use cases."""


def recorded(count: int, seed: int = 1, models: int = MODELS) -> Iterator[dict[str, Any]]:
    """Yield ``count`` recorded assessments in their short form, the same ones for a seed."""
    draw = random.Random(seed)
    for at in range(count):
        facts = realistic(draw, draw.randrange(models))
        use_case = facts["use_case"]
        day = datetime.date(2026, 1, 1) + datetime.timedelta(days=at % 300)
        facts["today"] = day.isoformat()
        yield {
            "schema": "steelyard.recorded/v1",
            "subject": {"name": facts["model"]["name"], "purl": facts["model"]["purl"]},
            "use_case": {
                "name": use_case["name"],
                "owner": use_case["owner"],
                "unit": use_case["owner"].partition("@")[0],
            },
            "assessed_at": f"{day.isoformat()}T09:00:00Z",
            "facts": facts,
        }


def realistic(draw: random.Random, model: int = 0) -> dict[str, Any]:
    """Return the facts of one plausible adoption of the model of that number, as JSON data."""
    team, name, data, personal, people, autonomy, exposure = draw.choice(_TEAMS)
    environment = draw.choice(("sandbox", "sandbox", "staging", "production"))
    return document(
        environment=environment,
        use_case__environment=environment,
        use_case__name=name,
        use_case__owner=f"{team}@example.org",
        use_case__data_class=data,
        use_case__personal_data=personal,
        use_case__people_affected=people,
        use_case__autonomy=autonomy,
        use_case__exposure=exposure,
        use_case__sector="health" if team == "clinic" else "software",
        use_case__commercial=team != "clinic",
        use_case__outputs_train_models=draw.choice((True, False, None)),
        use_case__monthly_users=draw.choice((20, 400, 20_000, None)),
        release={"completed": draw.choice(([], ["sandbox"], ["sandbox", "pilot"], None))},
        **_model(random.Random(model), model),
    )


def _model(draw: random.Random, number: int) -> dict[str, Any]:
    task, library, model_type, category = draw.choice(_MODELS)
    publisher = draw.choice(_PUBLISHERS)
    pickled = draw.random() < (0.9 if library == "sklearn" else 0.15)
    known = draw.random() > 0.08
    stated = draw.random() > 0.3
    worst = draw.choices(("clean", "unreadable", "suspicious", "malicious"), (90, 4, 4, 2))[0]
    name = f"{publisher}/model-{number}"
    return {
        "model__name": name,
        "model__purl": f"pkg:huggingface/{name}",
        "model__publisher": publisher if draw.random() > 0.05 else None,
        "model__task": task if stated else None,
        "model__library": library,
        "model__model_type": model_type,
        "model__parameters": draw.randrange(10_000_000, 70_000_000_000),
        "model__datasets": draw.sample(("c4", "the-pile", "laion", "in-house"), draw.randrange(3)),
        "artifacts__file_count": draw.randrange(3, 60),
        "artifacts__size_bytes": draw.randrange(10_000_000, 90_000_000_000),
        "artifacts__executes_on_load": pickled if worst != "unreadable" else None,
        "artifacts__has_remote_code": draw.random() < 0.05,
        "artifacts__weight_formats": ["pytorch-zip" if pickled else "safetensors"],
        "artifacts__has_safetensors": not pickled,
        "scan__worst": worst,
        "scan__coverage": "full" if worst != "unreadable" else "partial",
        "license__known": known,
        "license__category": category if known else None,
        "license__commercial_use": "no" if category == "non-commercial" else "yes",
        "license__conflict": draw.random() < 0.1,
        "license__keys": [_KEYS.get(category, "apache-2.0")] if known else [],
        "license__has_text": draw.random() < 0.8,
        "card__completeness": draw.randrange(20, 101),
        "license__output_restrictions": category == "community",
        "card__present": stated or draw.random() > 0.5,
        "card__training_data": {"stated": stated},
        "card__intended_use": {"stated": stated},
        "provenance__datasets_stated": stated,
        "provenance__signed": draw.choice((True, False, None)),
    }


def any_facts(*charters: Charter) -> st.SearchStrategy[Facts]:
    """Return facts as wild as their types allow, near the values that ``charters`` look for."""
    wanted: dict[str, list[Any]] = {}
    for charter in charters:
        for text in expressions(charter):
            for path, constants in compile_rule(text).compared.items():
                wanted.setdefault(path, []).extend(value for value, _ in constants)
        for dimension in charter.risk.dimensions.values():
            if dimension.of is not None:
                wanted.setdefault(dimension.of, []).extend(dimension.points)
    return _struct(Facts, "", wanted).map(lambda data: msgspec.convert(data, Facts))


def expressions(charter: Charter) -> Iterator[str]:
    """Yield the text of every expression in a charter, wherever it stands."""
    seen: list[Any] = [charter]
    while seen:
        value = seen.pop()
        if isinstance(value, ControlTask):
            if value.fact:
                yield value.fact
        elif isinstance(value, msgspec.Struct):
            for name in value.__struct_fields__:
                held = getattr(value, name)
                if name in ("when", "require", "applies", "evidence") and isinstance(held, str):
                    if held:
                        yield held
                else:
                    seen.append(held)
        elif isinstance(value, dict):
            seen.extend(value.values())
        elif isinstance(value, tuple | list):
            seen.extend(value)


def _struct(
    message: type[msgspec.Struct], prefix: str, wanted: dict[str, list[Any]]
) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            fact.path[len(prefix) :]: _value(fact, wanted.get(fact.path, []), wanted)
            for fact in fields_of(message, prefix)
        }
    )


def _value(fact: FactType, near: list[Any], wanted: dict[str, list[Any]]) -> st.SearchStrategy[Any]:
    words = [value for value in near if isinstance(value, str)]
    found: st.SearchStrategy[Any]
    if fact.message is not None:
        found = _struct(fact.message, f"{fact.path}.", wanted)
    elif fact.values:
        found = st.sampled_from(fact.values)
    elif fact.kind == "bool":
        found = st.booleans()
    elif fact.kind == "int":
        numbers = [n + step for n in near if type(n) is int for step in (-1, 0, 1)]
        found = st.sampled_from([0, 1, *[n for n in numbers if n >= 0]])
    elif fact.kind == "date":
        found = st.dates(datetime.date(2026, 1, 1), datetime.date(2027, 12, 31)).map(str)
    elif fact.kind == "strings":
        found = st.lists(st.sampled_from(["", "other", *words]), max_size=3)
    else:
        found = st.sampled_from(["", "other", *words])
    return st.none() | found if fact.optional else found
