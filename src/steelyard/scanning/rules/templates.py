# SPDX-License-Identifier: Apache-2.0
"""Judges chat templates by their syntax tree. A template is parsed, never rendered.

Chat templates are Jinja programs that the tokenizer runs. Loaders use a sandboxed environment, but
not all of them, and sandboxes have had holes. What a template may do is on a list: the variables,
functions, filters, tests and methods that real templates use. Reaching for Python's internals is
malicious; anything else off the list is for a person to look at.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.interface import Context, Examination

if TYPE_CHECKING:
    from jinja2 import Environment, nodes

_MOST = 512 * 1024
_DUNDER = re.compile(r"__[a-z][a-z_]{1,40}__")
_PIECE = re.compile(r"(?:_{2,}[A-Za-z%{}]*|[A-Za-z%{}]*_{2,}|_{2,}[A-Za-z%{}]+_{2,})\Z")
_HOSTILE_TEXT = re.compile(
    r"__(?:class|globals|builtins|import|subclasses|mro|init|base)|\\x5f|\\u005f|\|\s*attr\b"
    r"|popen|os\.system",
    re.IGNORECASE,
)
_FUNCTIONS = frozenset({"raise_exception", "strftime_now", "namespace", "range", "dict", "len",
                        "lipsum", "cycler", "joiner", "caller", "super", "tojson",
                        "loop", "varargs", "kwargs"})  # fmt: skip
_METHODS = frozenset({
    "items", "keys", "values", "get", "strip", "lstrip", "rstrip", "split", "rsplit", "splitlines",
    "startswith", "endswith", "replace", "upper", "lower", "title", "capitalize", "join", "append",
    "count", "find", "index", "format", "isdigit", "insert", "pop", "update", "extend", "copy",
    "partition", "rpartition", "strftime", "next", "cycle", "changed", "encode", "isalpha",
    "isspace", "removeprefix", "removesuffix", "setdefault", "sort", "reverse", "isoformat",
})  # fmt: skip
_DANGEROUS_FILTERS = frozenset({"attr", "xmlattr"})
_INTERNALS = frozenset({
    "mro", "gi_frame", "gi_code", "f_globals", "f_locals", "f_builtins", "func_globals",
    "func_code", "im_func", "im_class", "tb_frame", "cr_frame", "cr_code", "ag_frame",
    "environment", "globals", "builtins", "os", "sys", "subprocess", "popen", "system", "eval",
    "exec", "import_module",
})  # fmt: skip
_OBJECTS = frozenset({"self", "config", "request", "session", "g", "url_for",
                      "get_flashed_messages", "application", "settings", "app",
                      "os", "sys", "subprocess"})  # fmt: skip


def judge_template(
    context: Context, text: str, into: Examination, place: str, *, declared: bool = True
) -> None:
    """Add findings about one template; ``place`` says where in the file it stands.

    ``declared``: something says that this is a template, such as its name or key. Other text that
    merely looks like one is reported only when it is malicious.
    """
    from jinja2 import TemplateError

    if not declared:
        again = Examination(into.limits)
        judge_template(context, text, again, place)
        into.findings += [f for f in again.findings if f.severity is Severity.CRITICAL]
        return

    location = context.at(place)
    if len(text) > _MOST:
        into.add("template.unreadable", Severity.MEDIUM, "The template is too long to be one.",
                 location=location)  # fmt: skip
        into.gap(Coverage.PARTIAL, "a template is too long")
        return
    try:
        tree = _environment().parse(text)
    except (TemplateError, RecursionError, ValueError) as error:
        _unparsed(text, error, into, location)
        return
    try:
        _Judge(into, location).judge(tree)
    except RecursionError as error:  # a chain of names is parsed in a loop, but walked by calls
        _unparsed(text, error, into, location)


def _unparsed(text: str, error: Exception, into: Examination, location: str) -> None:
    """A template Jinja cannot read runs nowhere either, unless an extension knows its tags."""
    hidden = _HOSTILE_TEXT.search(text)
    unknown_tag = "unknown tag" in str(error) or isinstance(error, RecursionError)
    into.add(
        "template.unreadable",
        Severity.HIGH if hidden else Severity.MEDIUM if unknown_tag else Severity.LOW,
        f"The template cannot be parsed: {type(error).__name__}.",
        location=location,
        evidence=hidden[0][:200] if hidden else str(error)[:200],
        remedy="Take the base model's own template.",
    )
    if hidden or unknown_tag:
        into.gap(Coverage.PARTIAL, "a template cannot be parsed")


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment
    from jinja2.ext import Extension
    from jinja2.parser import Parser

    class Generation(Extension):
        """The block that marks what an assistant said, known to chat templates only."""

        tags = {"generation"}  # noqa: RUF012 # the base class's own declaration

        def parse(self, parser: Parser) -> list[nodes.Node]:
            next(parser.stream)
            return list(parser.parse_statements(("name:endgeneration",), drop_needle=True))

    # Parsed and thrown away: no loader, nothing is rendered, so escaping does not matter.
    return Environment(  # noqa: S701
        extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols", Generation]
    )


class _Judge:
    def __init__(self, into: Examination, location: str) -> None:
        self._into, self._location = into, location
        self._defined: set[str] = set()
        self._macros: set[str] = set()
        self._built: set[str] = set()
        self._filed: set[str] = set()
        self._seen: set[tuple[str, str]] = set()
        self._computed = Severity.HIGH

    def judge(self, tree: nodes.Template) -> None:
        """Walk the whole tree."""
        from jinja2 import nodes

        from steelyard.scanning.rules.template_names import built_names, filed_names

        self._macros = {macro.name for macro in tree.find_all(nodes.Macro)}
        self._built = built_names(tree)
        self._filed = filed_names(tree)
        if _spells_pieces(tree):
            self._computed = Severity.CRITICAL
        self._defined = self._macros | {
            name.name for name in tree.find_all(nodes.Name) if name.ctx in ("store", "param")
        }
        for node in tree.find_all(nodes.Node):
            self._node(node)
        from steelyard.scanning.rules.template_costs import costs, triggers

        for severity, what, line in costs(tree):
            self._add("template.exhausts", severity, what, line)
        for what, line in triggers(tree):
            self._add("template.trigger", Severity.LOW, what, line)

    def _node(self, node: nodes.Node) -> None:
        from jinja2 import nodes

        line = getattr(node, "lineno", 0)
        if isinstance(node, nodes.Getattr):
            self._attribute(node.attr, line)
        elif isinstance(node, nodes.Getitem):
            self._subscript(node.arg, line)
        elif isinstance(node, nodes.Call):
            self._call(node, line)
        elif isinstance(node, nodes.Filter):
            self._filter(node, line)
        elif isinstance(node, nodes.Const):
            self._constant(node.value, line)
        elif isinstance(node, nodes.Keyword):
            self._constant(node.key, line)
        elif isinstance(node, nodes.Name) and node.ctx == "load" and node.name in _OBJECTS:
            if node.name not in self._defined:
                self._add("template.code", Severity.HIGH, f"reads the object {node.name!r}", line)
        elif isinstance(node, nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends):
            self._add("template.include", Severity.HIGH, "pulls in another template", line)

    def _attribute(self, name: str, line: int) -> None:
        if name.startswith("_") or name in _INTERNALS:
            self._add("template.code", Severity.CRITICAL, f"reads the attribute {name!r}", line)

    def _subscript(self, argument: nodes.Expr, line: int) -> None:
        from jinja2 import nodes

        from steelyard.scanning.rules.template_names import builds_text

        if isinstance(argument, nodes.Const) and isinstance(argument.value, str):
            if argument.value.startswith("__") or argument.value in _INTERNALS - {"os", "system"}:
                text = f"reads the item {argument.value!r}"
                self._add("template.code", Severity.CRITICAL, text, line)
        elif isinstance(argument, nodes.Concat | nodes.Add) and _all_text(argument):
            self._add("template.code", Severity.CRITICAL, "builds the name of an item", line)
        elif builds_text(argument, self._built):
            self._add("template.code", self._computed, "computes the name of an item", line)

    def _call(self, node: nodes.Call, line: int) -> None:
        from jinja2 import nodes

        target = node.node
        if isinstance(target, nodes.Name):
            # A variable can hold anything, also under the name of a known function.
            variable = target.name in self._defined
            known = target.name in self._macros or (target.name in _FUNCTIONS and not variable)
            if not known:
                self._add("template.unknown-call", Severity.HIGH, f"calls {target.name!r}", line)
        elif isinstance(target, nodes.Getattr):
            if target.attr in self._filed:
                text = f"calls .{target.attr}(), which it filed itself"
                self._add("template.unknown-call", Severity.HIGH, text, line)
            elif target.attr not in _METHODS and not target.attr.startswith("_"):
                if not _own_macro(target, self._defined):
                    self._add(
                        "template.unknown-call", Severity.HIGH, f"calls .{target.attr}()", line
                    )
            elif target.attr == "format" and not isinstance(target.node, nodes.Const):
                self._add("template.unknown-call", Severity.LOW, "formats a computed text", line)
        elif isinstance(target, nodes.Call | nodes.Getitem | nodes.Filter):
            self._add("template.unknown-call", Severity.HIGH, "calls a computed object", line)

    def _filter(self, node: nodes.Filter, line: int) -> None:
        from jinja2 import nodes
        from jinja2.filters import FILTERS

        from steelyard.scanning.rules.template_names import builds_text

        if node.name in _DANGEROUS_FILTERS:
            argument = node.args[0] if node.args else None
            plain = isinstance(argument, nodes.Const) and isinstance(argument.value, str)
            safe = plain and not argument.value.startswith("_") and argument.value in _METHODS  # type: ignore[union-attr]
            if not safe:
                self._add("template.code", Severity.CRITICAL, "looks up attributes by name", line)
        elif node.name in ("map", "selectattr", "rejectattr", "groupby", "sort", "sum", "unique",
                           "min", "max", "join"):  # fmt: skip
            named = [*node.args[:1], *(k.value for k in node.kwargs if k.key == "attribute")]
            if any(builds_text(value, self._built) for value in named):
                self._add("template.code", self._computed, "computes the name it maps over", line)
            for value in named:
                if isinstance(value, nodes.Const) and isinstance(value.value, str):
                    text = value.value
                    if "__" in text or text in ("attr", *_INTERNALS):
                        self._add("template.code", Severity.CRITICAL, f"maps over {text!r}", line)
        elif node.name not in FILTERS and node.name not in ("tojson", "fromjson", "from_json"):
            self._add("template.unknown-filter", Severity.LOW, f"filter {node.name!r}", line)

    def _constant(self, value: object, line: int) -> None:
        found = _DUNDER.search(value) if isinstance(value, str) else None
        if found:
            self._add("template.code", Severity.CRITICAL, f"spells {found[0]!r}", line)

    def _add(self, rule: str, severity: Severity, what: str, line: int) -> None:
        if (rule, what) in self._seen:
            return
        self._seen.add((rule, what))
        self._into.add(
            rule,
            severity,
            f"The template {what}.",
            location=f"{self._location}, line {line}",
            evidence=what,
            remedy="Replace the template with the base model's own, and ask who changed it.",
        )


def _spells_pieces(tree: nodes.Template) -> bool:
    """Tell whether the template writes pieces of a private name: ``__cla``, ``ss__``, ``__``."""
    from jinja2 import nodes

    texts = [node.value for node in tree.find_all(nodes.Const) if isinstance(node.value, str)]
    texts += [node.key for node in tree.find_all(nodes.Keyword)]
    return any("__" in text and _PIECE.match(text) for text in texts)


def _own_macro(target: nodes.Getattr, defined: set[str]) -> bool:
    from jinja2 import nodes

    return (
        isinstance(target.node, nodes.Name)
        and target.node.name in defined
        and (target.attr in defined)
    )


def _all_text(node: nodes.Node) -> bool:
    from jinja2 import nodes

    return all(isinstance(leaf.value, str) for leaf in node.find_all(nodes.Const)) and not list(
        node.find_all(nodes.Name)
    )
