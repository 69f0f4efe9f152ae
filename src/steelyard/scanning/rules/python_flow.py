# SPDX-License-Identifier: Apache-2.0
"""Follows the text of a Python file in the order in which importing it would run it.

An abstract walk over the syntax tree: which names mean which objects, which constants come out of
which pieces, and whether a statement runs on import or waits in a function. A function the module
calls itself is followed where it is called; all others afterwards. Every function is followed a few
times at most and the number of steps is bounded, so the cost grows with the size of the file.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Sequence
from typing import Protocol

from steelyard.kernel.errors import LimitExceeded
from steelyard.scanning.rules.python_calls import fold_call, resolve_import
from steelyard.scanning.rules.python_given import Given
from steelyard.scanning.rules.python_operators import fold_operator, fold_subscript
from steelyard.scanning.rules.python_tables import KNOWN_MODULES, RECEIVES, SOURCES
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
_MOST_VISITS = 3
_MOST_NESTING = 12
_MOST_DOTTED = 160
_BUILTINS = frozenset(dir(builtins)) | {"execfile", "unicode", "raw_input", "reload"}
_MAIN_GUARDS = ("__name__ == '__main__'", "'__main__' == __name__")
_AT_CLASS = frozenset({"__init_subclass__", "__set_name__", "__class_getitem__", "__prepare__"})
_LOADED = frozenset({"os", "sys", "subprocess", "builtins", "importlib", "socket", "pty", "shutil"})

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Scope = dict[str, Value]


class Observer(Protocol):
    """Who is told what the walk meets."""

    def call(self, node: ast.AST, dotted: str, flow: Flow, given: Given) -> None:
        """A function is called by that dotted name."""

    def assign(self, node: ast.AST, target: str, value: Value, flow: Flow) -> None:
        """An attribute of a named object, or a special name of a class, is set."""

    def reduce(self, node: ast.AST, value: Value, flow: Flow) -> None:
        """A ``__reduce__`` method returns a value."""


class Flow:
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

    def run(self, tree: ast.Module) -> None:
        """Walk the module, then every function nobody called."""
        self.block(tree.body)
        if "__getattr__" in self._scopes[0]:
            self.invoke(self._scopes[0]["__getattr__"].local[9:], [], {})
        self.at_import = False
        done = 0
        while done < len(self._functions):
            keys = list(self._functions)[done:]
            done = len(self._functions)
            for key in keys:
                if not self._visits.get(key):
                    self.invoke(key, [], {})

    # Statements

    def block(self, body: Sequence[ast.stmt]) -> None:
        """Walk statements one after another."""
        for statement in body:
            self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:
        self._tick()
        match node:
            case ast.Expr() | ast.Return():
                value = self.value(node.value) if node.value is not None else ANY
                if isinstance(node, ast.Return):
                    self._returned.append(value)
            case ast.Assign():
                value = self.value(node.value)
                for target in node.targets:
                    self._bind(target, value)
            case ast.AnnAssign() | ast.AugAssign():
                self._assign_one(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._define(node)
            case ast.ClassDef():
                self._class(node)
            case ast.Import() | ast.ImportFrom():
                self._import(node)
            case ast.If():
                self._if(node)
            case ast.For() | ast.AsyncFor():
                self._bind(node.target, self._element(self.value(node.iter)))
                self._branch(node.body, node.orelse)
            case ast.While():
                self.value(node.test)
                self._branch(node.body, node.orelse)
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    value = self.value(item.context_expr)
                    if item.optional_vars is not None:
                        self._bind(item.optional_vars, value)
                self.block(node.body)
            case ast.Try() | ast.TryStar():
                self._branch(node.body)
                self._branch(*(handler.body for handler in node.handlers), node.orelse)
                self.block(node.finalbody)
            case ast.Match():
                self.value(node.subject)
                self._branch(*(case.body for case in node.cases))
            case _:
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.expr):
                        self.value(child)

    def _branch(self, *bodies: Sequence[ast.stmt]) -> None:
        self._branches += 1
        for body in bodies:
            self.block(body)
        self._branches -= 1

    def _if(self, node: ast.If) -> None:
        before = self.at_import
        if isinstance(node.test, ast.Constant) and not node.test.value:
            self.at_import = False  # if 0: never runs
        elif isinstance(node.test, ast.Compare) and ast.unparse(node.test) in _MAIN_GUARDS:
            self.at_import = False
        else:
            self.value(node.test)
        self._branch(node.body)
        self.at_import = before
        self._branch(node.orelse)

    def _assign_one(self, node: ast.AnnAssign | ast.AugAssign) -> None:
        if node.value is None:
            return
        value = self.value(node.value)
        if isinstance(node, ast.AugAssign):
            before = self.value(node.target)
            if isinstance(node.op, ast.Add):
                value = fold_operator(ast.Add(), before, value)
            value = Value(
                names=value.names,
                constant=value.constant,
                marks=value.marks | before.marks,
                items=value.items,
            )
        self._bind(node.target, value)

    def _bind(self, target: ast.expr, value: Value) -> None:
        match target:
            case ast.Name():
                scope = self._scopes[-1]
                old = scope.get(target.id)
                scope[target.id] = join(value, old) if old and self._branches else value
                if target.id.startswith("__"):
                    self.observer.assign(target, target.id, value, self)
            case ast.Attribute():
                base = self.value(target.value)
                if base.local.startswith(("instance:", "class:")):
                    key = (base.local.partition(":")[2], target.attr)
                    self._attributes[key] = join(value, self._attributes.get(key, ANY))
                    # Functions of a class set attributes that others of it read.
                for dotted in base.names:
                    self.observer.assign(target, f"{dotted}.{target.attr}", value, self)
            case ast.Tuple() | ast.List():
                inner = value.items or ()
                for index, item in enumerate(target.elts):
                    self._bind(item, inner[index] if index < len(inner) else self._element(value))
            case ast.Starred():
                self._bind(target.value, Value(marks=value.marks))
            case ast.Subscript():
                base = self.value(target.value)
                self.value(target.slice)
                if isinstance(target.value, ast.Name) and value.marks and base.constant is None:
                    marked = Value(base.names, None, base.marks | value.marks, base.items,
                                   base.fields, base.local)  # fmt: skip
                    self._scopes[-1][target.value.id] = marked

    def _element(self, value: Value) -> Value:
        if value.items:
            found = value.items[0]
            for item in value.items[1:8]:
                found = join(found, item)
            return found
        return Value(marks=value.marks)

    # Definitions

    def _define(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        key = f"{node.name}@{node.lineno}"
        owner = self._owner()
        self._functions[key] = (node, list(self._scopes), owner)
        for default in [*node.args.defaults, *(d for d in node.args.kw_defaults if d)]:
            self.value(default)
        for argument in [*node.args.args, *node.args.kwonlyargs]:
            if argument.annotation is not None:
                self.value(argument.annotation)
        self._scopes[-1][node.name] = value = Value(local=f"function:{key}")
        for decorator in reversed(node.decorator_list):
            self.apply(decorator, self.value(decorator), Given([value], {}))

    def _owner(self) -> str:
        marker = self._scopes[-1].get("\0class")
        return marker.text if marker else ""

    def _class(self, node: ast.ClassDef) -> None:
        key = f"{node.name}@{node.lineno}"
        scope: Scope = {"\0class": constant(key)}
        bases = [self.value(base) for base in node.bases]
        keywords = {item.arg or "": self.value(item.value) for item in node.keywords}
        self._classes[key] = scope
        self._scopes.append(scope)
        branches, self._branches = self._branches, 0
        self.block(node.body)
        self._branches = branches
        self._scopes.pop()
        for base in [*bases, *keywords.values()]:
            inherited = self._classes.get(base.local[6:]) if base.local[:6] == "class:" else None
            for called, value in (inherited or {}).items():
                scope.setdefault(called, value)
        special = [*_AT_CLASS]
        if keywords.get("metaclass", ANY).local:
            special += ["__new__", "__init__", "__call__"]
            meta = self._classes.get(keywords["metaclass"].local[6:], {})
            for called in special:
                self._follow(meta.get(called, ANY))
        for base in bases:
            if base.local[:6] == "class:":
                self._follow(self._classes.get(base.local[6:], {}).get("__init_subclass__", ANY))
        value = Value(local=f"class:{key}")
        self._scopes[-1][node.name] = value
        for decorator in reversed(node.decorator_list):
            self.apply(decorator, self.value(decorator), Given([value], {}))

    def _follow(self, value: Value) -> None:
        if value.local[:9] == "function:":
            self.invoke(value.local[9:], [], {})

    def follow_class(self, value: Value, methods: Sequence[str]) -> None:
        """Walk the named methods of a class of this file, as somebody will call them."""
        if value.local[:6] == "class:":
            for called in methods:
                self._follow(self._classes.get(value.local[6:], {}).get(called, ANY))

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for item in node.names:
            if isinstance(node, ast.Import):
                local = item.asname or item.name.partition(".")[0]
                self._scopes[-1][local] = name(item.name if item.asname else local)
            elif node.level == 0 and node.module:
                if item.name == "*":
                    if node.module in KNOWN_MODULES:
                        self._stars.append(node.module)
                else:
                    self._scopes[-1][item.asname or item.name] = resolve_import(
                        node.module, item.name
                    )
            else:
                self._scopes[-1][item.asname or item.name] = ANY

    def invoke(self, key: str, args: list[Value], keywords: dict[str, Value],
               instance: str = "") -> Value:  # fmt: skip
        """Walk a function of this file with these arguments; return what it may give back."""
        visits = self._visits.get(key, 0)
        if visits >= _MOST_VISITS or self._nesting >= _MOST_NESTING or key not in self._functions:
            return self._results.get(key, ANY)
        self._visits[key] = visits + 1
        node, scopes, owner = self._functions[key]
        scope = self._arguments(node, args, keywords, instance or owner)
        saved = (self._scopes, self.function, self._returned, self._branches)
        self._scopes = [*(s for s in scopes if "\0class" not in s), scope]
        self.function = getattr(node, "name", "lambda")
        self._returned, self._branches = [], 0
        self._nesting += 1
        try:
            if isinstance(node, ast.Lambda):
                self._returned.append(self.value(node.body))
            else:
                self.block(node.body)
            result = ANY
            for value in self._returned:
                result = join(result, value)
            if self.function in ("__reduce__", "__reduce_ex__"):
                for value in self._returned:
                    self.observer.reduce(node, value, self)
        finally:
            self._nesting -= 1
            self._scopes, self.function, self._returned, self._branches = saved
        self._results[key] = join(result, self._results.get(key, ANY))
        return result

    def _arguments(self, node: Function, args: list[Value], keywords: dict[str, Value],
                   owner: str) -> Scope:  # fmt: skip
        names = [argument.arg for argument in [*node.args.posonlyargs, *node.args.args]]
        scope: Scope = {}
        if owner and names and not isinstance(node, ast.Lambda):
            scope[names[0]] = Value(local=f"instance:{owner}")
            names = names[1:]
        for place, argument in enumerate(names):
            scope[argument] = args[place] if place < len(args) else ANY
        for keyword in node.args.kwonlyargs:
            scope[keyword.arg] = ANY
        if node.args.vararg:
            scope[node.args.vararg.arg] = Value(items=tuple(args[len(names) :])) if args else ANY
        if node.args.kwarg:
            scope[node.args.kwarg.arg] = Value(fields=dict(keywords)) if keywords else ANY
        for called, value in keywords.items():
            if called in scope:
                scope[called] = value
        return scope

    # Expressions

    def value(self, node: ast.expr) -> Value:
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
                self._bind(node.target, value)
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
                self._bind(generator.target, self._element(source))
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
                self._bind(node.generators[0].target, element)
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
