# SPDX-License-Identifier: Apache-2.0
"""Reads a model card: the YAML front matter and the sections a reviewer looks for.

A card is hostile text. The YAML is composed into nodes and never constructed into objects: no tags,
no types, aliases counted against a budget; so ``no`` stays the word it is (a language) and a bomb
stops early. Whatever cannot be read becomes a sentence in ``problems``; nothing here is fatal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from steelyard.catalog.licenses import resolve
from steelyard.kernel.card import CardQuote, EvaluationResult, ModelCard
from steelyard.kernel.license import DeclaredLicense
from steelyard.kernel.limits import DEFAULT_LIMITS
from steelyard.kernel.lineage import LineagePaper
from steelyard.provenance.quotes import read_quotes
from steelyard.provenance.sections import Sections, read_sections

if TYPE_CHECKING:
    from ruamel.yaml.error import StringMark
    from ruamel.yaml.nodes import Node

Value = str | list["Value"] | dict[str, "Value"]

_FENCE = "---"
_MAX_NODES = 50_000
_MAX_DEPTH = 40
_MAX_LINES = 20_000
_MAX_ITEMS = 200
_MAX_TEXT = 500
_NULLS = frozenset({"", "~", "null", "none"})


def read_card(path: str, text: str) -> tuple[ModelCard, list[DeclaredLicense]]:
    """Read a card's text; return what it says and the licenses it declares. Never raises."""
    card, declared, _ = read_card_papers(path, text)
    return card, declared


def read_card_papers(
    path: str, text: str
) -> tuple[ModelCard, list[DeclaredLicense], LineagePaper | None]:
    """Read a card's text; return also what it says about where the model comes from."""
    from steelyard.provenance.lineage.cards import read_card_lineage

    problems: list[str] = []
    repeated: list[Repeated] = []
    front, body = split_front_matter(text)
    fields = read_fields(front, problems, repeated) if front is not None else {}
    if front is None and text.lstrip("\ufeff").startswith(_FENCE):
        problems.append("The front matter is opened with --- on line 1 but never closed.")
    sections = read_sections(body, problems)
    card = _card(path, fields, sections, read_quotes(body), problems)
    return card, _declared(path, card), read_card_lineage(path, fields, body, repeated)


def split_front_matter(text: str) -> tuple[str | None, str]:
    """Return the YAML between the two ``---`` lines at the top (None if there is none) and the
    rest. The YAML keeps a leading line break so that its line numbers are those of the file."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    first, _, rest = text.partition("\n")
    if first.rstrip() != _FENCE:
        return None, text
    at = 0
    while at <= len(rest):
        end = rest.find("\n", at)
        line = rest[at:] if end < 0 else rest[at:end]
        if line.rstrip() in (_FENCE, "..."):
            return "\n" + rest[:at], "" if end < 0 else rest[end + 1 :]
        if end < 0:
            break
        at = end + 1
    return None, text


class Repeated(NamedTuple):
    """A key that stands twice in one mapping."""

    key: str
    first: Value
    later: Value
    depth: int


def read_fields(
    front: str,
    problems: list[str],
    repeated: list[Repeated] | None = None,
    what: str = "front matter",
) -> dict[str, Value]:
    """Return the fields of a YAML mapping; every sentence in ``problems`` calls it ``what``.

    Keys that stand twice are put into ``repeated``. Never raises.
    """
    limit = DEFAULT_LIMITS.yaml_bytes
    if len(front.encode("utf-8", "replace")) > limit:
        problems.append(f"The {what} is longer than {limit} bytes and was not read.")
        return {}
    if sum(map(front.count, "[{&*\n")) > _MAX_LINES:
        problems.append(f"The {what} has too many lines or parts and was not read.")
        return {}
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        node = YAML(typ="safe", pure=True).compose(front)
    except MarkedYAMLError as error:
        problems.append(_located(what, error.problem or "it is not YAML", error.problem_mark))
        return {}
    except (YAMLError, RecursionError, ValueError, OverflowError) as error:
        problems.append(f"The {what} cannot be read: {type(error).__name__}.")
        return {}
    if node is None:
        return {}
    try:
        value = _Converter(problems, repeated, what).convert(node, 0)
    except OverflowError:
        problems.append(f"The {what} expands to too many values and was not read.")
        return {}
    if not isinstance(value, dict):
        problems.append(f"The {what} is not a list of fields.")
        return {}
    return value


def _located(what: str, problem: str, mark: StringMark | None) -> str:
    where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
    return f"The {what} cannot be read{where}: {problem[:200]}."


class _Converter:
    """Turns YAML nodes into strings, lists and dictionaries, within a budget."""

    def __init__(self, problems: list[str], repeated: list[Repeated] | None, what: str) -> None:
        self._problems = problems
        self._repeated = repeated
        self._what = what
        self._left = _MAX_NODES

    def convert(self, node: Node, depth: int) -> Value:
        """Convert one node; raises OverflowError when the budget or depth is spent."""
        from ruamel.yaml.nodes import MappingNode, SequenceNode

        self._left -= 1
        if self._left < 0 or depth > _MAX_DEPTH:
            raise OverflowError
        if isinstance(node, MappingNode):
            return self._mapping(node.value, depth)
        if isinstance(node, SequenceNode):
            return [self.convert(item, depth + 1) for item in node.value]
        plain = getattr(node, "style", None) is None
        text = str(node.value)
        return "" if plain and text.lower() in _NULLS else text

    def _mapping(self, pairs: Sequence[tuple[Node, Node]], depth: int) -> dict[str, Value]:
        """Keep every value of a repeated key: a second ``license`` must not hide the first."""
        found: dict[str, Value] = {}
        for key_node, value_node in pairs:
            key = self.convert(key_node, depth + 1)
            if not isinstance(key, str):
                continue
            value = self.convert(value_node, depth + 1)
            if key in found:
                mark = key_node.start_mark
                self._problems.append(
                    f"The {self._what} repeats “{key[:60]}” at line {mark.line + 1}, "
                    f"column {mark.column + 1}; every value was kept."
                )
                if self._repeated is not None and len(self._repeated) < _MAX_ITEMS:
                    self._repeated.append(Repeated(key, found[key], value, depth))
                value = [*_as_list(found[key]), *_as_list(value)]
            found[key] = value
        return found


def _card(
    path: str,
    fields: dict[str, Value],
    sections: Sections,
    quotes: tuple[CardQuote, ...],
    problems: list[str],
) -> ModelCard:
    return ModelCard(
        path=path,
        title=sections.title,
        license=_texts(fields, "license"),
        license_name=_text(fields, "license_name"),
        license_link=_text(fields, "license_link"),
        base_models=_texts(fields, "base_model"),
        base_model_relation=_text(fields, "base_model_relation"),
        datasets=_texts(fields, "datasets"),
        languages=_texts(fields, "language"),
        tags=_texts(fields, "tags"),
        pipeline_tag=_text(fields, "pipeline_tag"),
        library_name=_text(fields, "library_name"),
        evaluations=tuple(_evaluations(fields.get("model-index", []))),
        training_data=sections.training_data,
        intended_use=sections.intended_use,
        limitations=sections.limitations,
        evaluation=sections.evaluation,
        topics=sections.topics,
        quotes=quotes,
        problems=tuple(problem[:_MAX_TEXT] for problem in problems[:50]),
    )


def _evaluations(index: Value) -> list[EvaluationResult]:
    rows = []
    for model in _as_list(index):
        for result in _as_list(_get(model, "results")):
            task = _name(_get(result, "task"))
            dataset = _name(_get(result, "dataset"))
            for metric in _as_list(_get(result, "metrics")):
                value = _get(metric, "value")
                rows.append(
                    EvaluationResult(
                        task=task,
                        dataset=dataset,
                        metric=_name(metric),
                        value=value[:100] if isinstance(value, str) else "",
                    )
                )
                if len(rows) >= _MAX_ITEMS:
                    return rows
    return rows


def _declared(path: str, card: ModelCard) -> list[DeclaredLicense]:
    """Return the declared licenses; ``other`` is replaced by the name that goes with it."""
    found = []
    for tag in card.license:
        raw = tag
        if tag.strip().lower() == "other":
            raw = card.license_name or card.license_link or tag
        known = resolve(raw)
        found.append(
            DeclaredLicense(
                source="card",
                path=path,
                raw=raw,
                key=known.key if known else "",
                spdx=known.spdx if known else "",
            )
        )
    if not found and card.license_name:
        known = resolve(card.license_name)
        found.append(
            DeclaredLicense(
                source="card",
                path=path,
                raw=card.license_name,
                key=known.key if known else "",
                spdx=known.spdx if known else "",
            )
        )
    return found


def _as_list(value: Value) -> list[Value]:
    if isinstance(value, list):
        return value[:_MAX_ITEMS]
    return [] if value == "" else [value]


def _get(value: Value, key: str) -> Value:
    return value.get(key, "") if isinstance(value, dict) else ""


def _name(value: Value) -> str:
    for key in ("name", "type"):
        found = _get(value, key)
        if isinstance(found, str) and found:
            return found[:_MAX_TEXT]
    return ""


def _texts(fields: dict[str, Value], key: str) -> tuple[str, ...]:
    """Return a field that may be a word or a list of words."""
    found = [
        item.strip()[:_MAX_TEXT] for item in _as_list(fields.get(key, "")) if isinstance(item, str)
    ]
    return tuple(dict.fromkeys(item for item in found if item))


def _text(fields: dict[str, Value], key: str) -> str:
    return ", ".join(_texts(fields, key))[:_MAX_TEXT]
