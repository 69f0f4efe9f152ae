# SPDX-License-Identifier: Apache-2.0
"""What the expressions of a Python file may stand for, and which calls they make.

The half of the walk that knows names, attributes and calls; :mod:`python_flow` adds statements and
definitions.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Sequence
from typing import Protocol

from steelyard.kernel.errors import LimitExceeded
from steelyard.scanning.rules.python_calls import fold_call
from steelyard.scanning.rules.python_given import Given
from steelyard.scanning.rules.python_operators import fold_operator, fold_subscript
from steelyard.scanning.rules.python_tables import RECEIVES, SOURCES
from steelyard.scanning.rules.python_values import (
    ANY,
    MOST_ITEMS,
    Value,
    constant,
    join,
    marks_of,
    name,
)

_MOST_STEPS = 3_000_000
_MOST_UNROLLED = 200_000
_MOST_DOTTED = 160
_BUILTINS = frozenset(dir(builtins)) | {"execfile", "unicode", "raw_input", "reload"}
_LOADED = frozenset({"os", "sys", "subprocess", "builtins", "importlib", "socket", "pty", "shutil"})

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Scope = dict[str, Value]


class Observer(Protocol):
    """Who is told what the walk meets."""

    def call(self, node: ast.AST, dotted: str, flow: Expressions, given: Given) -> None:
        """A function is called by that dotted name."""

    def assign(self, node: ast.AST, target: str, value: Value, flow: Expressions) -> None:
        """An attribute of a named object, or a special name of a class, is set."""

    def reduce(self, node: ast.AST, value: Value, flow: Expressions) -> None:
        """A ``__reduce__`` method returns a value."""


class Expressions:
    """One walk over one module. ``at_import`` and ``function`` say where it is."""

    def __init__(self, observer: Observer, *, at_import: bool = True, depth: int = 0) -> None:
        self.observer = observer
        self.at_import = at_import
        self.depth = depth
        self.function = ""
        self._scopes: list[Scope] = [{}]
        self._stars: list[str] = []
        self._functions: dict[str, tuple[Function, list[Scope], str]] = {}
        self._classes: dict[str, Scope] = {}
        self._attributes: dict[tuple[str, str], Value] = {}
        self._visits: dict[str, int] = {}
        self._results: dict[str, Value] = {}
        self._returned: list[Value] = []
        self._branches = 0
        self._nesting = 0
        self._steps = 0
        self._unrolled = 0

    def invoke(
        self, key: str, args: list[Value], keywords: dict[str, Value], instance: str = ""
    ) -> Value:
        """Walk a function of this file with these arguments; return what it may give back."""
        raise NotImplementedError

    def bind(self, target: ast.expr, value: Value) -> None:
        """Set the target of an assignment."""
        raise NotImplementedError

    def follow_class(self, value: Value, methods: Sequence[str]) -> None:
        """Walk the named methods of a class of this file, as somebody will call them."""
        raise NotImplementedError

    def _element(self, value: Value) -> Value:
        if value.items:
            found = value.items[0]
            for item in value.items[1:8]:
                found = join(found, item)
            return found
        return Value(marks=value.marks)

    def value(self, node: ast.expr) -> Value:  # noqa: C901
        """Return what an expression may stand for, and tell the observer of every call in it."""
        self._tick()
        match node:
            case ast.Constant():
                kind = type(node.value)
                if kind is str or kind is bytes or kind is int:
                    return constant(node.value)  # type: ignore[arg-type]
                return ANY
            case ast.Name():
                return self.lookup(node.id)
            case ast.Attribute():
                return self.attribute(self.value(node.value), node.attr)
            case ast.Call():
                return self._call(node)
            case ast.BinOp():
                return self._operator(node)
            case ast.List() | ast.Tuple() | ast.Set():
                items = tuple(self.value(item) for item in node.elts)
                return Value(items=items if len(items) <= MOST_ITEMS else None)
            case ast.Dict():
                return self._dictionary(node)
            case ast.Subscript():
                base = self.value(node.value)
                return fold_subscript(base, node.slice, self.value(node.slice), self.lookup)
            case ast.JoinedStr():
                return self._formatted(node)
            case ast.IfExp():
                self.value(node.test)
                return join(self.value(node.body), self.value(node.orelse))
            case ast.BoolOp():
                found = ANY
                for item in node.values:
                    found = join(found, self.value(item))
                return found
            case ast.Lambda():
                key = f"lambda@{node.lineno}.{node.col_offset}"
                self._functions[key] = (node, list(self._scopes), "")
                return Value(local=f"function:{key}")
            case ast.ListComp() | ast.GeneratorExp() | ast.SetComp() | ast.DictComp():
                return self._comprehension(node)
            case ast.NamedExpr():
                value = self.value(node.value)
                self.bind(node.target, value)
                return value
            case ast.Starred() | ast.Await() | ast.FormattedValue():
                return self.value(node.value)
            case _:
                children = [
                    self.value(child)
                    for child in ast.iter_child_nodes(node)
                    if isinstance(child, ast.expr)
                ]
                if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and children:
                    number = children[0].constant
                    return constant(-number) if isinstance(number, int) else ANY
                return Value(marks=marks_of(children)) if not isinstance(node, ast.Compare) else ANY

    def _tick(self) -> None:
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise LimitExceeded(f"The Python needs more than {_MOST_STEPS} steps to follow.")

    def lookup(self, called: str) -> Value:
        """Return what a bare name means here."""
        for scope in reversed(self._scopes):
            found = scope.get(called)
            if found is not None:
                return found
        if called in ("__builtins__", "__builtin__"):
            return name("builtins")
        if self._stars:
            starred = frozenset(f"{module}.{called}" for module in self._stars)
            builtin = {f"builtins.{called}"} if called in _BUILTINS else set[str]()
            return Value(names=starred | builtin)
        return name(f"builtins.{called}") if called in _BUILTINS else ANY

    def attribute(self, base: Value, attr: str) -> Value:
        """Return what ``base.attr`` means."""
        kind, _, key = base.local.partition(":")
        if kind in ("instance", "class"):
            found = self._attributes.get((key, attr)) or self._classes.get(key, {}).get(attr)
            if found is not None:
                return found
        if not base.names and attr in ("__globals__", "__base__", "__bases__", "__mro__"):
            return name(f"?.{attr}")
        if not base.names:
            return Value(marks=base.marks, local=base.local if kind == "instance" else "") if (
                base.marks) else ANY  # fmt: skip
        names = set()
        for dotted in base.names:
            if attr == "__self__" and dotted.startswith("builtins."):
                names.add("builtins")
            elif attr.lstrip("_") in _LOADED and "()" not in dotted and dotted != attr:
                names.add(attr.lstrip("_"))  # random._os, torch.sys: what a module has imported
            elif len(dotted) + len(attr) < _MOST_DOTTED:
                names.add(f"{dotted}.{attr}")
        marks = base.marks
        for dotted in names:
            source = SOURCES.get(dotted)
            if source:
                marks = marks | {source}
        return Value(names=frozenset(names), marks=marks)

    def _call(self, node: ast.Call) -> Value:
        base = ANY
        if isinstance(node.func, ast.Attribute):
            self._tick()
            base = self.value(node.func.value)
            callee = self.attribute(base, node.func.attr)
        else:
            callee = self.value(node.func)
        args: list[Value] = []
        for argument in node.args:
            value = self.value(argument)
            if isinstance(argument, ast.Starred) and value.items is not None:
                args += value.items
            else:
                args.append(value)
        keywords = {item.arg or "**": self.value(item.value) for item in node.keywords}
        return self.apply(node, callee, Given(args, keywords, base))

    def apply(self, node: ast.AST, callee: Value, given: Given) -> Value:
        """Call ``callee``: tell the observer, follow what this file defines, fold what is pure."""
        kind, _, key = callee.local.partition(":")
        result = ANY
        if kind == "function":
            instance = given.base.local[9:] if given.base.local[:9] == "instance:" else ""
            result = self.invoke(key, given.args, given.keywords, instance)
        elif kind in ("class", "instance"):
            scope = self._classes.get(key, {})
            for called in ("__new__", "__init__") if kind == "class" else ("__call__",):
                method = scope.get(called, ANY)
                if method.local[:9] == "function:":
                    result = self.invoke(method.local[9:], given.args, given.keywords, key)
            if kind == "class":
                result = Value(local=f"instance:{key}")
        folded = fold_call(node, callee, given, self)
        for dotted in callee.names:
            self.observer.call(node, dotted, self, given)
        if folded is not None:
            return join(folded, result)
        names = frozenset(f"{n}()" for n in callee.names if len(n) < _MOST_DOTTED)
        marks = callee.marks
        if any(RECEIVES.search(n) for n in callee.names) and "socket" in marks:
            marks = marks | {"downloaded"}
        return join(result, Value(names=names, marks=marks)) if names or marks else result

    def _operator(self, node: ast.BinOp) -> Value:
        """Fold a chain of operators from the left without recursing into its length."""
        chain: list[tuple[ast.operator, ast.expr]] = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp):
            chain.append((left.op, left.right))
            left = left.left
        value = self.value(left)
        for operator, right in reversed(chain):
            value = fold_operator(operator, value, self.value(right))
        return value

    def _dictionary(self, node: ast.Dict) -> Value:
        fields: dict[str, Value] = {}
        for key, item in zip(node.keys, node.values, strict=True):
            value = self.value(item)
            shown = self.value(key).text if key is not None else ""
            if len(fields) < MOST_ITEMS:
                fields[shown or f"\0{len(fields)}"] = value
        return Value(fields=fields)

    def _formatted(self, node: ast.JoinedStr) -> Value:
        parts, marks, known = [], set[str](), True
        for item in node.values:
            value = self.value(item)
            marks |= marks_of([value])
            if isinstance(value.constant, str | int):
                parts.append(str(value.constant))
            else:
                known = False
        if known and len(node.values) > 1:
            marks.add("built")
        text = "".join(parts)
        return constant(text, frozenset(marks)) if known else Value(marks=frozenset(marks))

    def _comprehension(
        self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.DictComp
    ) -> Value:
        self._scopes.append({})
        try:
            source = ANY
            for generator in node.generators:
                source = self.value(generator.iter)
                self.bind(generator.target, self._element(source))
                for test in generator.ifs:
                    self.value(test)
            if isinstance(node, ast.DictComp):
                self.value(node.key)
                return Value(marks=marks_of([self.value(node.value)]))
            elements = _elements(source)
            cost = len(elements)
            if len(node.generators) > 1 or not cost or self._unrolled + cost > _MOST_UNROLLED:
                value = self.value(node.elt)
                return Value(marks=marks_of([value, source]), items=None)
            self._unrolled += cost
            found = []
            for element in elements:
                self.bind(node.generators[0].target, element)
                found.append(self.value(node.elt))
            return Value(items=tuple(found), marks=marks_of(found))
        finally:
            self._scopes.pop()


def _elements(source: Value) -> Sequence[Value]:
    if source.items is not None:
        return source.items
    data = source.constant
    if isinstance(data, str | bytes) and len(data) <= MOST_ITEMS:
        return [constant(item, source.marks) for item in data]
    return ()
