# SPDX-License-Identifier: Apache-2.0
"""Examines YAML: tags that build objects, aliases that swell, targets a framework would call."""

from __future__ import annotations

import re

from steelyard.artifacts.source import Source
from steelyard.artifacts.yaml_documents import YamlDocuments, read_yaml
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.rules.config_tree import PLAIN_DANGER, judge_tree
from steelyard.scanning.rules.secrets import find_secrets
from steelyard.scanning.rules.text_files import read_bounded

_PYTHON_TAG = re.compile(
    r"!!?<?(?:tag:yaml\.org,2002:)?python(?:/|%2F)(?:object|name|module|tuple)[^\s,\]}]{0,200}",
    re.IGNORECASE,
)
_OBJECT = re.compile(r"(?i)python/+(?:object|name|module)|ruby/|java|perl/|php/object")
_PLAIN = re.compile(
    r"(?i)python/(?:tuple|str|int|float|bool|unicode|list|dict|none|bytes|long|complex)"
)
_HANDLE = re.compile(r"(?m)^%TAG[ \t]+\S+[ \t]+\S*python\S*")
_TARGET = re.compile(
    r"""(?m)["']?(?:_target_|target|class_path|_cls_|func)["']?[ \t]*:[ \t]*["']?"""
    r"([A-Za-z_][\w.]*\.[\w.]+)"
)
_SWELLS = 1_000_000
_FACTOR = 50
_BUILDING_TAG = re.compile(r"!(?:new|name|apply|obj|call|module|lambda|include|env|ENV)\b")


def examine_yaml(context: Context, source: Source, into: Examination) -> None:
    """Examine YAML documents, without building anything from them."""
    data = read_bounded(context, source, into)
    find_secrets(context, data, into)
    text = data.decode("utf-8", "replace")
    judge_yaml(context, text, into)


def judge_yaml(context: Context, text: str, into: Examination) -> None:
    """Add findings about YAML text."""
    try:
        documents = read_yaml(text, into.limits)
    except LimitExceeded as error:
        _unparsed(context, text, into)
        if "nested" in error.message:
            into.add("config.depth", Severity.MEDIUM, error.message, location=context.at(""),
                     remedy="Do not load it with a reader that has no limit.")  # fmt: skip
            into.gap(Coverage.PARTIAL, context.at(error.message))
        return
    except ArtifactError as error:
        _unparsed(context, text, into)
        if "{{" in text or "{%" in text:
            from steelyard.scanning.rules.templates import judge_template

            # A template that makes YAML: what it would come out as is not known.
            judge_template(context, text, into, "the whole text")
        else:
            into.add("yaml.unreadable", Severity.LOW, error.message, location=context.at(""),
                     remedy="Fetch the file again.")  # fmt: skip
        return
    _tags(context, documents, into)
    _aliases(context, documents, into)
    for key in documents.duplicates:
        into.add(
            "config.duplicate-key",
            Severity.LOW,
            f"The key {key[:80]!r} stands twice; readers differ in which one counts.",
            location=context.at(""),
        )
    for value in documents.values:
        judge_tree(context, value, into, lines=documents.lines)
        _by_name(context, value, into)


def _tags(context: Context, documents: YamlDocuments, into: Examination) -> None:
    # Those that build objects first: a flood of harmless ones must not push them out.
    for tag in sorted(documents.tags, key=lambda tag: not _OBJECT.search(tag.tag))[:40]:
        if _PLAIN.search(tag.tag):
            continue
        grave = bool(_OBJECT.search(tag.tag))
        if grave:
            into.add(
                "yaml.python-tag",
                Severity.CRITICAL,
                "A tag makes an unsafe loader build an object or call a function.",
                location=context.at(f"line {tag.line}"),
                evidence=tag.tag[:200],
                remedy="Load YAML with a safe loader only, and do not use this file.",
            )
        else:
            building = bool(_BUILDING_TAG.match(tag.tag)) and ":" in tag.tag
            into.add(
                "yaml.custom-tag",
                Severity.HIGH if building else Severity.LOW,
                "A tag needs a loader with constructors of its own"
                + (", and names what it builds." if building else "."),
                location=context.at(f"line {tag.line}"),
                evidence=tag.tag[:200],
                remedy="Find out which loader reads this file and what it makes of the tag.",
            )


def _aliases(context: Context, documents: YamlDocuments, into: Examination) -> None:
    if documents.expanded > _SWELLS and documents.expanded > _FACTOR * documents.nodes:
        into.add(
            "yaml.aliases",
            Severity.CRITICAL,
            f"Aliases of aliases make {documents.nodes} nodes swell to {documents.expanded}.",
            location=context.at(""),
            evidence=f"{documents.anchors} anchors",
            remedy="Do not load this file.",
        )
    elif documents.recursive:
        into.add(
            "yaml.aliases",
            Severity.MEDIUM,
            "A collection holds itself; a reader that walks it never ends.",
            location=context.at(""),
            remedy="Do not load this file.",
        )


def _by_name(context: Context, value: object, into: Examination) -> None:
    """Files whose name gives their keys a meaning."""
    lowered = context.name.lower()
    if (
        isinstance(value, dict)
        and "dependencies" in value
        and re.search(r"conda|environment", lowered)
    ):
        from steelyard.scanning.rules.requirement_files import judge_requirements

        entries = value["dependencies"]
        for item in entries if isinstance(entries, list) else []:
            if isinstance(item, dict) and isinstance(item.get("pip"), list):
                lines = [line for line in item["pip"] if isinstance(line, str)]
                judge_requirements(context, "\n".join(lines), into)
    if isinstance(value, dict) and (
        {"services", "apiVersion"} & value.keys() or ("jobs" in value and "on" in value)
    ):
        into.add(
            "config.deployment",
            Severity.INFO,
            "The file describes services or jobs to run, not the model.",
            location=context.at(""),
            remedy="Leave it out, or review it as you would a program.",
        )


def _unparsed(context: Context, text: str, into: Examination) -> None:
    """Search text too long or too broken to be parsed; every pattern is linear."""
    for found in [*_PYTHON_TAG.finditer(text), *_HANDLE.finditer(text)][:20]:
        if _PLAIN.search(found[0]):
            continue
        into.add(
            "yaml.python-tag",
            Severity.CRITICAL,
            "A tag makes the loader build a Python object.",
            location=context.at(f"byte {found.start()}"),
            evidence=found[0][:200],
            remedy="Load YAML with a safe loader only, and do not use this file.",
        )
    from steelyard.scanning.rules.config_targets import judge_target

    seen: set[str] = set()
    for found in _TARGET.finditer(text):
        if found[1] not in seen:
            seen.add(found[1])
            key = found[0].split(":")[0].strip("\"' \t")
            if key in ("func", "target") and found[1].partition(".")[0] not in PLAIN_DANGER:
                continue
            judge_target(context, key, found[1], into, f"byte {found.start()}")
