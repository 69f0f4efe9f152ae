# SPDX-License-Identifier: Apache-2.0
"""Folds operators and subscripts of abstract values: how text is put together, names hidden."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable

from steelyard.scanning.rules.python_values import (
    ANY,
    MOST_ITEMS,
    MOST_TEXT,
    Value,
    constant,
    marks_of,
)

_NUMBERS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.BitXor: operator.xor,
    ast.BitAnd: operator.and_, ast.BitOr: operator.or_,
}  # fmt: skip


def fold_operator(kind: ast.operator, left: Value, right: Value) -> Value:
    """Return ``left kind right`` as far as it can be told."""
    marks = marks_of([left, right])
    one, two = left.constant, right.constant
    if isinstance(one, int) and isinstance(two, int):
        return _numbers(kind, one, two, marks)
    if isinstance(kind, ast.Add):
        if isinstance(one, str) and isinstance(two, str):
            return constant(one + two, marks | {"built"})
        if isinstance(one, bytes) and isinstance(two, bytes):
            return constant(one + two, marks | {"built"})
        if left.items is not None and right.items is not None:
            items = left.items + right.items
            return Value(items=items if len(items) <= MOST_ITEMS else None, marks=marks)
        if left.items is not None or right.items is not None:
            return Value(items=(left.items or (ANY,)) + (right.items or (ANY,)), marks=marks)
    elif isinstance(kind, ast.Mult):
        return _repeated(one, two, marks)
    elif isinstance(kind, ast.Mod) and isinstance(one, str):
        return _percent(one, right, marks)
    elif isinstance(kind, ast.Div) and left.names:
        # pathlib: Path.home() / ".ssh" keeps being a path, and its text goes on.
        path = f"{left.text}/{right.text}" if left.text and right.text else None
        return Value(names=left.names, constant=path, marks=marks)
    elif isinstance(kind, ast.BitXor) and not (left.names or right.names):
        return Value(marks=marks)
    if isinstance(kind, ast.Add) and (isinstance(one, str) or isinstance(two, str)):
        # One part is unknown; what is known still tells where a path or an address leads.
        return Value(names=frozenset(), constant=None, marks=marks | {"built"},
                     fields={"text": constant(f"{left.text}\ufffd{right.text}")})  # fmt: skip
    return Value(marks=marks)


def _numbers(kind: ast.operator, one: int, two: int, marks: frozenset[str]) -> Value:
    function = _NUMBERS.get(type(kind))
    if function is not None and abs(one) < 2**64 and abs(two) < 2**64:
        return constant(function(one, two), marks)
    if isinstance(kind, ast.Mult) and abs(one) < 2**32 and abs(two) < 2**32:
        return constant(one * two, marks)
    if isinstance(kind, ast.FloorDiv | ast.Mod) and two:
        return constant(one // two if isinstance(kind, ast.FloorDiv) else one % two, marks)
    return Value(marks=marks)


def _repeated(one: object, two: object, marks: frozenset[str]) -> Value:
    text, times = (one, two) if isinstance(two, int) else (two, one)
    if isinstance(text, str | bytes) and isinstance(times, int):  # noqa: SIM102
        if times >= 0 and len(text) * times <= MOST_TEXT:
            return constant(text * times, marks)
    return Value(marks=marks)


def _percent(template: str, right: Value, marks: frozenset[str]) -> Value:
    values = right.items if right.items is not None else (right,)
    pieces = template.split("%s")
    if template.count("%") != len(pieces) - 1 or len(pieces) - 1 != len(values):
        return Value(marks=marks, fields={"text": constant(template)})
    texts = [value.constant for value in values]
    if not all(isinstance(text, str | int) for text in texts):
        return Value(marks=marks, fields={"text": constant(template)})
    if len(template) + sum(len(str(text)) for text in texts) > MOST_TEXT:
        return Value(marks=marks)
    built = pieces[0] + "".join(str(t) + p for t, p in zip(texts, pieces[1:], strict=True))
    return constant(built, marks | {"built"})


def fold_subscript(
    base: Value, node: ast.expr, index: Value, lookup: Callable[[str], Value]
) -> Value:
    """Return ``base[index]``: an element, a slice, or a name out of a module's dictionary."""
    key = index.constant
    if isinstance(node, ast.Slice):
        return _sliced(base, node)
    if (
        base.items is not None
        and isinstance(key, int)
        and -len(base.items) <= key < len(base.items)
    ):
        return base.items[key]
    if base.fields is not None and isinstance(key, str) and key in base.fields:
        return base.fields[key]
    if isinstance(base.constant, str) and isinstance(key, int):  # noqa: SIM102
        if -len(base.constant) <= key < len(base.constant):
            return constant(base.constant[key], base.marks | {"built"})
    if isinstance(key, str):
        found = _named(base, key, lookup)
        if found is not None:
            return found
    return Value(names=frozenset(f"{n}[]" for n in base.names if len(n) < 120), marks=base.marks)


def _sliced(base: Value, node: ast.Slice) -> Value:
    try:
        lower, upper, step = _bound(node.lower), _bound(node.upper), _bound(node.step)
    except ValueError:
        return Value(marks=base.marks)
    if step == 0:
        return Value(marks=base.marks)
    cut = slice(lower, upper, step)
    marks = base.marks | ({"built"} if step not in (None, 1) else set())
    if isinstance(base.constant, str | bytes):
        reverse = step is not None and step < 0 and len(base.constant) > 12
        return constant(base.constant[cut], marks | ({"decoded"} if reverse else set()))
    if base.items is not None:
        return Value(items=base.items[cut], marks=base.marks)
    return Value(names=base.names, marks=base.marks)


def _bound(node: ast.expr | None) -> int | None:
    """Return a bound of a slice that is written out, or raise ValueError."""
    if node is None:
        return None
    sign = 1
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node, sign = node.operand, -1
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return sign * node.value
    raise ValueError


def _named(base: Value, key: str, lookup: Callable[[str], Value]) -> Value | None:
    names: set[str] = set()
    marks: set[str] = set(base.marks)
    for dotted in base.names:
        if dotted in ("sys.modules", "builtins.__import__.__globals__"):
            names.add(key)
        elif dotted.endswith(".__dict__"):
            names.add(f"{dotted[:-9]}.{key}")
        elif dotted in ("builtins.globals()", "builtins.locals()", "builtins.vars()"):
            return lookup(key)
        elif dotted.endswith((".__globals__", ".func_globals")):
            names |= {"builtins"} if key == "__builtins__" else {key, f"os.{key}"}
        elif dotted in ("builtins", "builtins.__builtins__"):
            names.add(f"builtins.{key}")  # __builtins__ is a dictionary in an imported module
        elif dotted in ("os.environ", "os.environb"):
            marks.discard("environment")
            return _variable(key, marks)
    return Value(names=frozenset(names), marks=frozenset(marks)) if names else None


def _variable(key: str, marks: set[str]) -> Value:
    from steelyard.scanning.rules.python_tables import TOKEN_NAME

    return Value(
        names=frozenset({"os.environ[]"}),
        marks=frozenset(marks | ({"token"} if TOKEN_NAME.search(key) else set())),
    )
