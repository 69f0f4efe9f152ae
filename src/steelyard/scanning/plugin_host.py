# SPDX-License-Identifier: Apache-2.0
"""Loads the plug-ins a request names, inside the sandbox process, and holds them to their word.

A plug-in takes part only if it is named with the exact version that is installed; one that cannot
be loaded stops the examination, because a look that was asked for and silently left out would pass
for a clean result. What a plug-in does wrong on one file is a gap in the coverage of that file.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct, structs

from steelyard.artifacts.source import Source
from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.finding import Coverage, Finding, Severity
from steelyard.kernel.inspection import PluginRef, RuleText, path_of
from steelyard.scanning.interface import Context, Examination, printable
from steelyard.scanning.registry import EXAMINERS, INERT, UNREAD

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint
    from pathlib import Path

    from steelyard.catalog.rules import ScannerRule
    from steelyard.scanning.plugins import Plugin

_NAME = re.compile(r"\A[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_KEY = re.compile(r"\A[a-z0-9]+(?:[.-][a-z0-9]+)*\Z")
_FORMAT = re.compile(r"\A[a-z0-9]+(?:[.-][a-z0-9]+)*\Z")
_FORMATS, _SCANNERS = "steelyard.formats", "steelyard.scanners"
_RULES_MOST = 2000
_FILES_MOST = 10_000
"""Files below a path of rules that are hashed; a path with more is refused."""


class PluginFailure(Exception):
    """A plug-in that must take part cannot."""

    def __init__(self, plugin: str, reason: str) -> None:
        super().__init__(f"{plugin}: {reason}")
        self.plugin = plugin
        self.reason = printable(reason)


class Recognized(Struct, frozen=True):
    """The plug-in that knows a format, and the format."""

    plugin: Loaded
    format: str


class Loaded(Struct, frozen=True):
    """A plug-in, what it may look at and which rules it may report."""

    plugin: Plugin
    name: str
    identity: str
    """Name, distribution and version, and a digest of the rules it reads."""
    formats: frozenset[str]
    rules: dict[str, ScannerRule]

    def examine(self, context: Context, source: Source, into: Examination) -> None:
        """Let it look, and take over what it may say."""
        own = Examination(into.limits)

        def nested(context: Context, source: Source, _: Examination) -> None:
            assert outer is not None
            outer(context, source, into)

        outer = context.examine_nested
        try:
            self.plugin.examine(structs.replace(context, examine_nested=nested), source, own)
        except ArtifactError as error:
            own.gap(Coverage.PARTIAL, f"{self._called}: {error.message}")
        except (Exception, SystemExit) as error:  # fail closed, as for our own examiners
            own.gap(Coverage.PARTIAL, f"{self._called} failed: {type(error).__name__}: {error}")
        try:
            self._take(own, context, into)
        except (TypeError, ValueError, AttributeError) as error:
            into.gap(Coverage.PARTIAL, f"{self._called} reported nonsense: {error}")

    @property
    def _called(self) -> str:
        return f"the plug-in {self.name}"

    def _take(self, own: Examination, context: Context, into: Examination) -> None:
        for finding in own.findings:
            self._take_finding(finding, into)
        into.dropped += own.dropped
        for reason in own.coverage_reasons:
            into.gap(own.coverage, context.at(reason))
        if own.coverage is not Coverage.FULL and not own.coverage_reasons:
            into.gap(own.coverage, f"{self._called} gave no reason")
        into.weights |= bool(own.weights)
        into.executes_on_load |= bool(own.executes_on_load)
        into.remote_code |= bool(own.remote_code)
        into.load_calls += [str(call) for call in own.load_calls][: 20 - len(into.load_calls)]
        into.tensors += int(own.tensors)
        into.parameters += int(own.parameters)
        into.dtypes |= {str(name) for name in own.dtypes}

    def _take_finding(self, finding: Finding, into: Examination) -> None:
        if finding.rule not in self.rules:
            into.gap(Coverage.PARTIAL, f"{self._called} reported a rule it does not declare")
            return
        into.add(
            finding.rule,
            Severity(finding.severity),
            str(finding.message),
            location=str(finding.location),
            evidence=str(finding.evidence),
            remedy=printable(str(finding.remedy)),
        )


class PluginHost:
    """The plug-ins of one request."""

    def __init__(self, formats: Sequence[Loaded] = (), scanners: Sequence[Loaded] = ()) -> None:
        self._formats = tuple(formats)
        self._scanners = tuple(scanners)

    def recognize(self, context: Context, source: Source, into: Examination) -> Recognized | None:
        """Return the plug-in that knows the format of bytes nobody here reads, if one does."""
        if not self._formats or (context.format not in UNREAD and context.format != "text"):
            return None
        from steelyard.scanning.plugins import HEAD

        head = source.read_at(0, HEAD)
        for loaded in self._formats:
            try:
                kind = loaded.plugin.sniff(head, context.name)
            except (Exception, SystemExit) as error:
                into.gap(
                    Coverage.PARTIAL,
                    f"the plug-in {loaded.name} failed to tell the format: {type(error).__name__}",
                )
                continue
            if not kind:
                continue
            if kind in loaded.formats:
                return Recognized(loaded, kind)
            into.gap(
                Coverage.PARTIAL, f"the plug-in {loaded.name} named a format it does not declare"
            )
        return None

    def examine(
        self, context: Context, source: Source, into: Examination, known: Recognized | None
    ) -> None:
        """Let every plug-in look that wants to see bytes of this format."""
        if known is not None:
            context = structs.replace(context, format=known.format)
            known.plugin.examine(context, source, into)
        for loaded in self._scanners:
            if context.format in loaded.formats or "*" in loaded.formats:
                loaded.examine(context, source, into)

    def rules(self) -> tuple[RuleText, ...]:
        """Return what the rules of all plug-ins mean."""
        found = {**_rules_of(self._formats), **_rules_of(self._scanners)}
        return tuple(_text(rule) for _, rule in sorted(found.items()))

    def digest(self, rules: str) -> str:
        """Return the digest of our own rules, extended by the plug-ins that take part."""
        identities = sorted({item.identity for item in (*self._formats, *self._scanners)})
        if not identities:
            return rules
        return hashlib.sha256("\0".join([rules, *identities]).encode()).hexdigest()


NO_PLUGINS = PluginHost()


def load_plugins(wanted: Sequence[PluginRef]) -> PluginHost:
    """Import and configure the plug-ins named in ``wanted``.

    Raises:
        PluginFailure: one is not installed, has another version, or cannot be loaded.
    """
    if not wanted:
        return NO_PLUGINS
    found: dict[str, list[Loaded]] = {_FORMATS: [], _SCANNERS: []}
    for ref in wanted:
        points = _entry_points(ref)
        for group, point in points.items():
            try:
                found[group].append(_load(ref, group, point))
            except PluginFailure:
                raise
            except (Exception, SystemExit) as error:
                raise PluginFailure(ref.name, f"{type(error).__name__}: {error}") from error
    return PluginHost(found[_FORMATS], found[_SCANNERS])


def _entry_points(ref: PluginRef) -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points

    if not _NAME.match(ref.name):
        raise PluginFailure(ref.name, "this is no name of a plug-in")
    points: dict[str, EntryPoint] = {}
    for group in (_FORMATS, _SCANNERS):
        if ref.group not in ("", group):
            continue
        declared = list(entry_points(group=group, name=ref.name))
        if len(declared) > 1:
            names = ", ".join(sorted(point.dist.name for point in declared if point.dist))
            raise PluginFailure(ref.name, f"several distributions declare it: {names}")
        if declared:
            points[group] = declared[0]
    if not points:
        raise PluginFailure(ref.name, "no installed distribution declares it")
    return points


def _load(ref: PluginRef, group: str, point: EntryPoint) -> Loaded:
    loaded: Any = point.load()
    plugin: Plugin = loaded() if isinstance(loaded, type) else loaded
    declaring = point.dist.name if point.dist else ""
    distribution = str(getattr(plugin, "distribution", "") or declaring)
    version = _version(ref, distribution)
    if version != ref.version:
        raise PluginFailure(ref.name, f"{distribution} {version} is installed, not {ref.version}")
    if plugin.name != ref.name:
        raise PluginFailure(ref.name, f"it calls itself {plugin.name!r}")
    rules = _checked_rules(ref, plugin)
    formats = _checked_formats(ref, group, plugin)
    from pathlib import Path

    paths = [Path(os.fsdecode(path_of(path))) for path in ref.paths]
    plugin.configure(tuple(paths))
    whose = f"{point.dist.name} {point.dist.version}" if point.dist else ""
    identity = f"{group} {ref.name} {distribution} {version} {whose} {_digest(ref, paths)}"
    return Loaded(plugin, ref.name, identity, formats, rules)


def _version(ref: PluginRef, distribution: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        raise PluginFailure(ref.name, f"it needs {distribution}, which is not installed") from None


def _checked_rules(ref: PluginRef, plugin: Plugin) -> dict[str, ScannerRule]:
    family = f"x-{ref.name}."
    rules = {rule.id: rule for rule in plugin.rules}
    if not rules or len(rules) > _RULES_MOST:
        raise PluginFailure(ref.name, f"it declares {len(rules)} rules")
    for rule in rules.values():
        if not rule.id.startswith(family) or not _KEY.match(rule.id[len(family) :]):
            raise PluginFailure(ref.name, f"its rule {rule.id!r} is not named {family}SOMETHING")
    return rules


def _checked_formats(ref: PluginRef, group: str, plugin: Plugin) -> frozenset[str]:
    formats = frozenset(plugin.formats)
    if not formats:
        raise PluginFailure(ref.name, "it declares no formats")
    if group == _FORMATS:
        for kind in sorted(formats):
            if not _FORMAT.match(kind) or kind in INERT or kind in EXAMINERS or kind == "unknown":
                raise PluginFailure(ref.name, f"it may not read the format {kind!r}")
    return formats


def _digest(ref: PluginRef, paths: Sequence[Path]) -> str:
    """Return the SHA-256 over every file below ``paths``, or an empty text without any."""
    if not paths:
        return ""
    hasher = hashlib.sha256()
    files = [
        file
        for path in paths
        for file in (sorted(path.rglob("*")) if path.is_dir() else [path])
        if file.is_file()
    ]
    if len(files) > _FILES_MOST:
        raise PluginFailure(ref.name, f"there are more than {_FILES_MOST} files of rules")
    for file in files:
        hasher.update(hashlib.sha256(file.read_bytes()).digest())
    return hasher.hexdigest()


def _rules_of(plugins: Sequence[Loaded]) -> dict[str, ScannerRule]:
    return {identity: rule for loaded in plugins for identity, rule in loaded.rules.items()}


def _text(rule: ScannerRule) -> RuleText:
    return RuleText(
        id=rule.id,
        title=printable(rule.title),
        severity=rule.severity,
        what=printable(rule.what),
        why=printable(rule.why),
        remedy=printable(rule.remedy),
        false_alarm=printable(rule.false_alarm),
        references=tuple((printable(item.title), printable(item.url)) for item in rule.references),
    )
