# SPDX-License-Identifier: Apache-2.0
"""Follows the text of a Python file in the order in which importing it would run it.

An abstract walk over the syntax tree: which names mean which objects, which constants come out of
which pieces, and whether a statement runs on import or waits in a function. A function the module
calls itself is followed where it is called; all others afterwards. Every function is followed a few
times at most and the number of steps is bounded, so the cost grows with the size of the file.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from steelyard.scanning.rules.python_calls import resolve_import
from steelyard.scanning.rules.python_expressions import Expressions, Function, Scope
from steelyard.scanning.rules.python_given import Given
from steelyard.scanning.rules.python_operators import fold_operator
from steelyard.scanning.rules.python_tables import KNOWN_MODULES
from steelyard.scanning.rules.python_values import ANY, Value, constant, join, name

_MOST_VISITS = 3
_MOST_NESTING = 12
_MAIN_GUARDS = ("__name__ == '__main__'", "'__main__' == __name__")
_AT_CLASS = frozenset({"__init_subclass__", "__set_name__", "__class_getitem__", "__prepare__"})


class Flow(Expressions):
    """The whole walk: statements, definitions, calls of the file's own functions."""

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

    def _statement(self, node: ast.stmt) -> None:  # noqa: C901
        self._tick()
        match node:
            case ast.Expr() | ast.Return():
                value = self.value(node.value) if node.value is not None else ANY
                if isinstance(node, ast.Return):
                    self._returned.append(value)
            case ast.Assign():
                value = self.value(node.value)
                for target in node.targets:
                    self.bind(target, value)
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
                self.bind(node.target, self._element(self.value(node.iter)))
                self._branch(node.body, node.orelse)
            case ast.While():
                self.value(node.test)
                self._branch(node.body, node.orelse)
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    value = self.value(item.context_expr)
                    if item.optional_vars is not None:
                        self.bind(item.optional_vars, value)
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
        self.bind(node.target, value)

    def bind(self, target: ast.expr, value: Value) -> None:
        """Set the target of an assignment, and tell the observer of what others may see."""
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
                    self.bind(item, inner[index] if index < len(inner) else self._element(value))
            case ast.Starred():
                self.bind(target.value, Value(marks=value.marks))
            case ast.Subscript():
                base = self.value(target.value)
                self.value(target.slice)
                if isinstance(target.value, ast.Name) and value.marks and base.constant is None:
                    marked = Value(base.names, None, base.marks | value.marks, base.items,
                                   base.fields, base.local)  # fmt: skip
                    self._scopes[-1][target.value.id] = marked

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
