# SPDX-License-Identifier: Apache-2.0
"""Examines text: credentials, package sources, external entities, templates and scripts."""

from __future__ import annotations

import re

from steelyard.artifacts.source import Source
from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.rules.secrets import find_secrets

_REQUIREMENTS = re.compile(r"(?:requirements|constraints)[\w.-]*\.(?:txt|in)\Z")
_CHAT_TEMPLATE = re.compile(r"(?i)chat|template|prompt|system")
_DEPLOYMENT = re.compile(r"(?i)(?:docker|container)file(?:\.\w+)?\Z|docker-compose|\.dockerfile\Z")
_ENTITY = re.compile(rb"(?i)<!ENTITY\s+(?:%\s+)?\S+\s+(?:SYSTEM|PUBLIC)\b[^>]{0,300}")
_DOCTYPE = re.compile(rb"(?i)<!DOCTYPE\s+[^>\[]{0,200}\bSYSTEM\b[^>]{0,200}")
_BILLION = re.compile(rb"(?i)<!ENTITY")
_ENTITIES_MOST = 20
_SCRIPT_MOST = 256 * 1024


def read_bounded(context: Context, source: Source, into: Examination) -> bytes:
    """Return the text's bytes up to the limit; the rest becomes a gap."""
    most = into.limits.text_bytes
    if source.size > most:
        into.gap(Coverage.PARTIAL, context.at(f"only the first {most} bytes of text were read"))
    return source.read_at(0, most)


def examine_text(context: Context, source: Source, into: Examination) -> None:
    """Examine one text file of any kind."""
    data = read_bounded(context, source, into)
    find_secrets(context, data, into)
    text = data.decode("utf-8", "replace")
    if context.format == "jinja":
        _examine_jinja(context, text, into)
    elif context.format == "shell":
        _examine_script(context, data, into)
    elif context.format == "xml" or (context.format == "text" and b"<!ENTITY" in data):
        _examine_xml(context, data, into)
    elif context.format == "toml":
        from steelyard.scanning.rules.requirement_files import examine_toml

        examine_toml(context, text, into)
    elif context.format in ("text", "unknown"):
        _examine_by_name(context, text, into)
    if context.format in ("markdown", "html", "text", "xml"):
        from steelyard.scanning.rules.prompts import examine_prose

        examine_prose(context, text, into)


def _examine_jinja(context: Context, text: str, into: Examination) -> None:
    """Judge a template; only one for chats is held to what chat templates call."""
    from steelyard.scanning.rules.templates import judge_template

    if _CHAT_TEMPLATE.search(context.path) and not context.name.endswith(".py.jinja"):
        judge_template(context, text, into, "")
        return
    again = Examination(into.limits)
    judge_template(context, text, again, "")
    for finding in again.findings:
        other = finding.rule in ("template.unknown-call", "template.include")
        into.add(
            finding.rule,
            Severity.LOW if other else finding.severity,
            finding.message,
            location=finding.location,
            evidence=finding.evidence,
            remedy=finding.remedy,
        )
    for reason in again.coverage_reasons:
        into.gap(Coverage.PARTIAL, reason)


def _examine_script(context: Context, data: bytes, into: Examination) -> None:
    from steelyard.scanning.rules.python_tables import HOSTILE_COMMAND

    text = data[:_SCRIPT_MOST].decode("utf-8", "replace")
    found = HOSTILE_COMMAND.search(text)
    into.add(
        "file.script",
        Severity.HIGH if found else Severity.MEDIUM,
        "A script beside the weights downloads and runs something, opens a shell or stays."
        if found
        else "A script lies beside the weights.",
        location=context.at(f"byte {found.start()}" if found else ""),
        evidence=found[0][:200] if found else data[:80].decode("utf-8", "replace"),
        remedy="Read it before anybody runs it, or leave it out.",
    )


def _examine_by_name(context: Context, text: str, into: Examination) -> None:
    """Text files whose name says how a program reads them."""
    name = context.name.lower()
    if _REQUIREMENTS.match(name):
        from steelyard.scanning.rules.requirement_files import examine_requirements

        examine_requirements(context, text, into)
    elif name in ("pipfile", "poetry.lock", "uv.lock"):
        from steelyard.scanning.rules.requirement_files import examine_toml

        examine_toml(context, text, into)
    elif name == "mlmodel":
        from steelyard.scanning.rules.yaml_files import judge_yaml

        judge_yaml(context, text, into)
    elif name.endswith(".cfg") and "[" in text:
        _examine_cfg(context, text, into)
    elif _DEPLOYMENT.search(name):
        into.add(
            "config.deployment",
            Severity.INFO,
            "The file describes how to build or run a container, not the model.",
            location=context.at(""),
            remedy="Leave it out, or review it as you would a program.",
        )
    elif name == ".env" or name.startswith(".env."):
        from steelyard.scanning.rules.secrets import find_assignments

        find_assignments(context, text, into)


def _examine_cfg(context: Context, text: str, into: Examination) -> None:
    """spaCy writes its configuration in sections of JSON values; names after @ are called."""
    import configparser

    from steelyard.scanning.rules.config_tree import judge_tree

    reader = configparser.RawConfigParser(strict=False, interpolation=None, allow_no_value=True)
    try:
        reader.read_string(text)
    except configparser.Error:
        return
    value = {name: {key: (item or "").strip("\"'") for key, item in reader.items(name)}
             for name in reader.sections()}  # fmt: skip
    judge_tree(context, value, into)


def _examine_xml(context: Context, data: bytes, into: Examination) -> None:
    found = _ENTITY.search(data) or _DOCTYPE.search(data)
    many = len(_BILLION.findall(data)) > _ENTITIES_MOST
    if not found and not many:
        return
    into.add(
        "xml.entity",
        Severity.CRITICAL,
        "The document makes its reader open other files or addresses, or swell without end.",
        location=context.at(f"byte {found.start() if found else 0}"),
        evidence=found[0][:200].decode("utf-8", "replace") if found else "many entities",
        remedy="Read it only with entities turned off.",
    )
