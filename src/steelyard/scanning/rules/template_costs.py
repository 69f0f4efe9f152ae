# SPDX-License-Identifier: Apache-2.0
"""What a template would cost to render, and text it says only when a word was said to it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jinja2 import nodes

from steelyard.kernel.finding import Severity

_MUCH = 1_000_000
_RUIN = 100_000_000
_LIMIT = 10**15
_TRIGGER = re.compile(r"[A-Za-z][\w ,.'!?-]{3,200}\Z")
_SAID = re.compile(r"content|message|query|prompt|text|user|input|question")
_SPEAKS = re.compile(r"(?i)[a-z]{2,} [a-z]{2,} [a-z]{2,} [a-z]{2,}")


def costs(tree: nodes.Template) -> Iterator[tuple[Severity, str, int]]:
    """Yield every loop, repetition or power by constants that would take a machine's time."""
    stack: list[tuple[nodes.Node, int]] = [(tree, 1)]
    while stack:
        node, times = stack.pop()
        if isinstance(node, nodes.For):
            rounds = _rounds(node.iter)
            times = min(times * max(rounds, 1), _LIMIT)
            if rounds > 1 and times >= _MUCH:
                yield _grade(times), f"loops {_count(times)} times", node.lineno
        elif isinstance(node, nodes.Mul):
            size = _size(node.left) * _number(node.right) or _size(node.right) * _number(node.left)
            if size >= _MUCH:
                yield _grade(size), f"repeats a text to {_count(size)} characters", node.lineno
        elif isinstance(node, nodes.Pow):
            base, power = _number(node.left), _number(node.right)
            if base > 1 and power > 10_000:
                yield Severity.HIGH, f"raises a number to the power {_count(power)}", node.lineno
        stack += [(child, times) for child in node.iter_child_nodes()]


def triggers(tree: nodes.Template) -> Iterator[tuple[str, int]]:
    """Yield where words in a message decide whether sentences are added to the prompt."""
    for branch in tree.find_all(nodes.If):
        words = _words(branch.test)
        if words and any(_SPEAKS.search(text) for text in _spoken(branch.body)):
            yield f"adds sentences when a message holds {words[:60]!r}", branch.lineno


def _words(test: nodes.Node) -> str:
    for compare in test.find_all(nodes.Compare) if not isinstance(test, nodes.Compare) else [test]:
        for operand in compare.ops:
            if operand.op != "in" or not isinstance(compare.expr, nodes.Const):
                continue
            text, where = compare.expr.value, _path(operand.expr)
            if isinstance(text, str) and _TRIGGER.match(text) and _SAID.search(where):
                return text
    return ""


def _path(node: nodes.Node) -> str:
    names: list[str] = []
    stack = [node]
    while stack and len(names) < 20:
        current = stack.pop()
        if isinstance(current, nodes.Name):
            names.append(current.name)
        elif isinstance(current, nodes.Getattr):
            names.append(current.attr)
        elif isinstance(current, nodes.Getitem) and isinstance(current.arg, nodes.Const):
            names.append(str(current.arg.value))
        stack += current.iter_child_nodes()
    # ``'role' in message`` asks for a key of the message itself, not for words in it.
    plain = isinstance(node, nodes.Name) and node.name in ("message", "msg", "m")
    return "" if plain else " ".join(names)


def _spoken(body: list[nodes.Node]) -> Iterator[str]:
    for node in body:
        yield from (data.data for data in node.find_all(nodes.TemplateData))
        yield from (c.value for c in node.find_all(nodes.Const) if isinstance(c.value, str))


def _rounds(node: nodes.Node) -> int:
    if isinstance(node, nodes.Filter) and node.node is not None:
        return _rounds(node.node)
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name):  # noqa: SIM102
        if node.node.name == "range" and node.args:
            numbers = [_number(item) for item in node.args]
            if len(numbers) == 1:
                return numbers[0]
            return max(numbers[1] - numbers[0], 0) // max(abs(numbers[2]) if numbers[2:] else 1, 1)
    return 0


def _number(node: nodes.Node, depth: int = 0) -> int:
    """Return the whole number an expression of constants gives, bounded; 0 if it is none."""
    if isinstance(node, nodes.Const):
        return min(node.value, _LIMIT) if type(node.value) is int else 0
    if depth > 20 or not isinstance(node, nodes.BinExpr):
        return 0
    left, right = _number(node.left, depth + 1), _number(node.right, depth + 1)
    if isinstance(node, nodes.Mul):
        return min(left * right, _LIMIT)
    if isinstance(node, nodes.Add):
        return min(left + right, _LIMIT)
    if isinstance(node, nodes.Pow):
        return min(left**right, _LIMIT) if 0 <= right <= 64 and abs(left) <= 10**6 else (
            _LIMIT if left > 1 and right > 0 else 0)  # fmt: skip
    return 0


def _size(node: nodes.Node, depth: int = 0) -> int:
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        return len(node.value)
    if isinstance(node, nodes.List | nodes.Tuple):
        return len(node.items)
    if isinstance(node, nodes.Mul) and depth < 20:
        return min(_size(node.left, depth + 1) * _number(node.right), _LIMIT)
    return 0


def _grade(times: int) -> Severity:
    return Severity.CRITICAL if times >= _RUIN else Severity.HIGH


def _count(times: int) -> str:
    return "beyond counting" if times >= _LIMIT else str(times)
