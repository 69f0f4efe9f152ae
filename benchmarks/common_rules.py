# SPDX-License-Identifier: Apache-2.0
"""Twenty rules every policy engine here should be able to say, each in four languages.

``PYTHON`` is the truth the others are held to. Cedar has no loops over strings; what it cannot say
is None and not counted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Common(NamedTuple):
    """One rule: true means satisfied. Rego and Cedar stand for the condition itself."""

    name: str
    python: Callable[[dict[str, Any]], bool]
    cel: str
    rego: str
    cedar: str | None


OPEN = ["permissive", "content", "weak-copyleft"]
_OPEN = "['permissive', 'content', 'weak-copyleft']"

COMMON: tuple[Common, ...] = (
    Common("clean", lambda f: f["scan"]["worst"] == "clean", "scan.worst == 'clean'",
           'input.scan.worst == "clean"', 'context.scan.worst == "clean"'),
    Common("covered", lambda f: f["scan"]["coverage"] in ("full", "partial"),
           "scan.coverage in ['full', 'partial']", 'input.scan.coverage in ["full", "partial"]',
           '["full", "partial"].contains(context.scan.coverage)'),
    Common("no-loader-code", lambda f: not f["artifacts"]["executes_on_load"],
           "!artifacts.executes_on_load", "input.artifacts.executes_on_load == false",
           "!context.artifacts.executes_on_load"),
    Common("no-remote-code",
           lambda f: f["environment"] != "production" or not f["artifacts"]["has_remote_code"],
           "environment != 'production' || !artifacts.has_remote_code",
           'not remote\nremote if { input.environment == "production"; '
           'input.artifacts.has_remote_code }',
           'context.environment != "production" || !context.artifacts.has_remote_code'),
    Common("open-license", lambda f: f["license"]["category"] in OPEN,
           f"license.category in {_OPEN}",
           'input.license.category in ["permissive", "content", "weak-copyleft"]',
           '["permissive", "content", "weak-copyleft"].contains(context.license.category)'),
    Common("known-keys", lambda f: all(k in ("apache-2.0", "mit") for k in f["license"]["keys"]),
           "license.keys.all(k, k in ['apache-2.0', 'mit'])",
           'every k in input.license.keys { k in ["apache-2.0", "mit"] }',
           '["apache-2.0", "mit"].containsAll(context.license.keys)'),
    Common("no-c4", lambda f: not any(d == "c4" for d in f["model"]["datasets"]),
           "!model.datasets.exists(d, d == 'c4')", 'not "c4" in input.model.datasets',
           '!context.model.datasets.contains("c4")'),
    Common("datasets-named", lambda f: len(f["model"]["datasets"]) > 0,
           "size(model.datasets) > 0", "count(input.model.datasets) > 0",
           "!context.model.datasets.isEmpty()"),
    Common("not-too-large", lambda f: f["model"]["parameters"] <= 13_000_000_000,
           "model.parameters <= 13000000000", "input.model.parameters <= 13000000000",
           "context.model.parameters <= 13000000000"),
    Common("handy",
           lambda f: f["artifacts"]["size_bytes"] < 50_000_000_000
           and f["artifacts"]["file_count"] <= 40,
           "artifacts.size_bytes < 50000000000 && artifacts.file_count <= 40",
           "input.artifacts.size_bytes < 50000000000\n  input.artifacts.file_count <= 40",
           "context.artifacts.size_bytes < 50000000000 && context.artifacts.file_count <= 40"),
    Common("personal-inside",
           lambda f: f["use_case"]["personal_data"] == "none"
           or f["use_case"]["exposure"] == "internal",
           "use_case.personal_data == 'none' || use_case.exposure == 'internal'",
           'not exposed\nexposed if { input.use_case.personal_data != "none"; '
           'input.use_case.exposure != "internal" }',
           'context.use_case.personal_data == "none" || context.use_case.exposure == "internal"'),
    Common("few-people", lambda f: f["use_case"]["people_affected"] in ("nobody", "staff"),
           "use_case.people_affected in ['nobody', 'staff']",
           'input.use_case.people_affected in ["nobody", "staff"]',
           '["nobody", "staff"].contains(context.use_case.people_affected)'),
    Common("may-sell",
           lambda f: f["license"]["commercial_use"] == "yes" if f["use_case"]["commercial"]
           else True,
           "use_case.commercial ? license.commercial_use == 'yes' : true",
           'not unpaid\nunpaid if { input.use_case.commercial; '
           'input.license.commercial_use != "yes" }',
           'if context.use_case.commercial then context.license.commercial_use == "yes" else true'),
    Common("card-tells", lambda f: f["card"]["present"] and f["card"]["intended_use"]["stated"],
           "card.present && card.intended_use.stated",
           "input.card.present\n  input.card.intended_use.stated",
           "context.card.present && context.card.intended_use.stated"),
    Common("card-complete", lambda f: f["card"]["completeness"] >= 60,
           "card.completeness >= 60", "input.card.completeness >= 60",
           "context.card.completeness >= 60"),
    Common("not-loose",
           lambda f: not (f["use_case"]["autonomy"] == "autonomous"
                          and f["use_case"]["exposure"] == "public"),
           "!(use_case.autonomy == 'autonomous' && use_case.exposure == 'public')",
           'not loose\nloose if { input.use_case.autonomy == "autonomous"; '
           'input.use_case.exposure == "public" }',
           '!(context.use_case.autonomy == "autonomous" && context.use_case.exposure == "public")'),
    Common("safe-format",
           lambda f: any(w in ("safetensors", "gguf") for w in f["artifacts"]["weight_formats"]),
           "artifacts.weight_formats.exists(f, f in ['safetensors', 'gguf'])",
           'some f in input.artifacts.weight_formats\n  f in ["safetensors", "gguf"]',
           'context.artifacts.weight_formats.containsAny(["safetensors", "gguf"])'),
    Common("not-that-publisher", lambda f: not f["model"]["name"].startswith("someone/"),
           "!model.name.startsWith('someone/')",
           'not startswith(input.model.name, "someone/")',
           '!(context.model.name like "someone/*")'),
    Common("european",
           lambda f: any(r == "EU" for r in f["use_case"]["regions"])
           and f["license"]["has_text"],
           "use_case.regions.exists(r, r == 'EU') && license.has_text",
           '"EU" in input.use_case.regions\n  input.license.has_text',
           'context.use_case.regions.contains("EU") && context.license.has_text'),
    Common("no-own-data",
           lambda f: len([d for d in f["model"]["datasets"] if d.startswith("in-")]) == 0,
           "model.datasets.filter(d, d.startsWith('in-')).size() == 0",
           'count([d | some d in input.model.datasets; startswith(d, "in-")]) == 0', None),
)  # fmt: skip
