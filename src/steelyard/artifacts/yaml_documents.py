# SPDX-License-Identifier: Apache-2.0
"""Reads YAML into plain mappings, lists and texts with bounds; nothing is constructed.

The parser's events are read, not a loader's objects: tags stay words, an alias stays a name, so a
document can neither build anything nor swell. What it would swell to is counted exactly.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.limits import Limits

_MOST_TAGS = 1000
_OWN_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in (
        "binary", "bool", "float", "int", "map", "merge", "null", "omap", "pairs", "seq", "set",
        "str", "timestamp", "value", "yaml",
    )
)  # fmt: skip
"""The types of YAML 1.1, which every loader knows."""
_MOST_SIZE = 10**18


class YamlTag(Struct, frozen=True):
    """A tag that is not one of YAML's own, as the loader would see it, and its line from 1."""

    tag: str
    line: int


class YamlDocuments(Struct, frozen=True, kw_only=True):
    """What a stream of YAML documents says.

    ``values`` are mappings (with text keys), lists and texts; ``lines`` has the line of every key
    by its path; ``nodes`` counts what is written, ``expanded`` what following every alias gives.
    """

    values: list[Any]
    tags: tuple[YamlTag, ...]
    lines: dict[tuple[str, ...], int]
    nodes: int
    expanded: int
    anchors: int
    recursive: bool
    duplicates: tuple[str, ...]


class _Node:
    __slots__ = ("key", "mapping", "path", "size", "value")

    def __init__(self, value: Any, path: tuple[str, ...], *, mapping: bool) -> None:
        self.value, self.path, self.mapping = value, path, mapping
        self.key: str | None = None
        self.size = 1


class _Reader:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._stack: list[_Node] = []
        self._sizes: dict[str, int] = {}
        self._open: list[str | None] = []
        self.values: list[Any] = []
        self.tags: list[YamlTag] = []
        self._seen_tags: set[str] = set()
        self.lines: dict[tuple[str, ...], int] = {}
        self.duplicates: list[str] = []
        self.nodes = self.expanded = self.anchors = 0
        self.recursive = False

    def event(self, event: Any) -> None:
        """Take one event of the parser."""
        kind = type(event).__name__
        if kind in ("ScalarEvent", "AliasEvent", "MappingStartEvent", "SequenceStartEvent"):
            self.nodes += 1
            self._tag(event)
        if kind == "ScalarEvent":
            self._remember(event.anchor, 1)
            self._put(event.value, 1, event.start_mark.line + 1)
        elif kind == "AliasEvent":
            if event.anchor in self._open:
                self.recursive = True
            self._put(f"*{event.anchor}", self._sizes.get(event.anchor, 1), 0)
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            if len(self._stack) >= self._limits.json_depth:
                raise LimitExceeded(
                    f"The YAML is nested deeper than {self._limits.json_depth} levels."
                )
            mapping = kind == "MappingStartEvent"
            node = _Node({} if mapping else [], self._path(), mapping=mapping)
            self._stack.append(node)
            self._open.append(event.anchor)
            self.anchors += event.anchor is not None
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            node = self._stack.pop()
            self._remember(self._open.pop(), node.size)
            self._put(node.value, node.size, 0)

    def _path(self) -> tuple[str, ...]:
        if not self._stack:
            return ()
        top = self._stack[-1]
        step = (top.key or "") if top.mapping else str(len(top.value))
        return (*top.path, step) if len(top.path) < 64 else top.path

    def _tag(self, event: Any) -> None:
        tag = getattr(event, "tag", None)
        if not tag or tag in _OWN_TAGS or tag == "!":
            return
        key = tag[:300]
        # Local tags and repetitions must not take the room of those that every loader knows.
        room = 2 * _MOST_TAGS if tag.startswith("tag:") else _MOST_TAGS
        if len(self.tags) < (room if key not in self._seen_tags else _MOST_TAGS // 2):
            self._seen_tags.add(key)
            self.tags.append(YamlTag(key, event.start_mark.line + 1))

    def _remember(self, anchor: str | None, size: int) -> None:
        if anchor is not None:
            self._sizes[anchor] = size

    def _put(self, value: Any, size: int, line: int) -> None:
        if not self._stack:
            self.values.append(value)
            self.expanded = min(self.expanded + size, _MOST_SIZE)
            return
        top = self._stack[-1]
        top.size = min(top.size + size, _MOST_SIZE)
        if not top.mapping:
            top.value.append(value)
        elif top.key is None:
            top.key = value if isinstance(value, str) else str(type(value))
            self.lines.setdefault((*top.path, top.key), line)
        else:
            if top.key in top.value and top.key != "<<" and len(self.duplicates) < 20:
                self.duplicates.append(top.key[:200])
            top.value[top.key] = value
            top.key = None


def read_yaml(text: str, limits: Limits) -> YamlDocuments:
    """Return the documents in ``text``.

    Raises:
        LimitExceeded: it is larger or nested deeper than the limits allow.
        ArtifactError: it is not YAML.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    if len(text) > limits.yaml_bytes:
        raise LimitExceeded(f"The YAML has {len(text)} characters.")
    reader = _Reader(limits)
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            reader.event(event)
    except RecursionError as error:
        raise LimitExceeded("The YAML is nested too deep.") from error
    except (YAMLError, ValueError, LookupError, AttributeError, TypeError) as error:
        problem = str(getattr(error, "problem", "") or error).splitlines()
        raise ArtifactError(f"This is not YAML: {(problem or [''])[0][:200]}.") from error
    return YamlDocuments(
        values=reader.values,
        tags=tuple(reader.tags),
        lines=reader.lines,
        nodes=reader.nodes,
        expanded=reader.expanded,
        anchors=reader.anchors,
        recursive=reader.recursive,
        duplicates=tuple(reader.duplicates),
    )
