# SPDX-License-Identifier: Apache-2.0
"""Writes the skeleton of a model card for a model of one's own.

What the files already say is filled in; everything else is a question in a comment, which counts
as *not stated* until somebody answers it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from steelyard.provenance.card_quality import ASKS

_HEADINGS = (
    ("objectives", "Objectives"),
    ("intended_use", "Intended use"),
    ("out_of_scope", "Out-of-scope use"),
    ("training_data", "Training data"),
    ("training_procedure", "Training procedure"),
    ("personal_data", "Personal data"),
    ("evaluation", "Evaluation"),
    ("performance", "Performance guarantees"),
    ("fairness", "Fairness"),
    ("limitations", "Limitations and risks"),
    ("how_to_use", "How to use"),
    ("license_terms", "License"),
    ("environment", "Environmental impact"),
    ("maintenance", "Maintenance and versions"),
    ("contact", "Contact"),
)


def card_skeleton(
    name: str,
    *,
    license_name: str = "",
    base_models: Sequence[str] = (),
    datasets: Sequence[str] = (),
    task: str = "",
    library: str = "",
    languages: Sequence[str] = (),
    architectures: Sequence[str] = (),
) -> str:
    """Return a card as Markdown with front matter; only arguments that say something appear."""
    front: list[str] = ["---"]
    front += _field("license", [license_name] if license_name else [], "SPDX id or Hub tag")
    front += _field("base_model", base_models, "org/name, or remove when trained from scratch")
    front += _field("datasets", datasets, "org/name of every training data set")
    front += _field("pipeline_tag", [task] if task else [], "text-generation, text-classification")
    front += _field("library_name", [library] if library else [], "transformers")
    front += _field("language", languages, "en, de")
    front += ["---", "", f"# {_line(name)}", ""]
    if architectures:
        front += [f"Architecture: {', '.join(_line(each) for each in architectures)}", ""]
    body: list[str] = []
    for topic, heading in _HEADINGS:
        body += [
            f"## {heading}",
            "",
            f"<!-- {ASKS[topic]} -->",
            "",
            "[More Information Needed]",
            "",
        ]
    return "\n".join(front + body)


def _field(name: str, values: Sequence[str], example: str) -> list[str]:
    if not values:
        return [f"# {name}:  # {example}"]
    if len(values) == 1:
        return [f"{name}: {_quoted(values[0])}"]
    return [f"{name}:", *(f"- {_quoted(value)}" for value in values)]


def _quoted(value: str) -> str:
    """Return a YAML scalar; anything but a plain word goes in quotes."""
    value = _line(value)
    plain = re.fullmatch(r"[A-Za-z][\w./+-]*", value)
    words = {"true", "false", "null", "yes", "no", "on", "off"}
    return value if plain and value.lower() not in words else json.dumps(value)


def _line(text: str) -> str:
    return " ".join("".join(c for c in text if c.isprintable() or c.isspace()).split())[:200]
