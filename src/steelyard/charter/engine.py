# SPDX-License-Identifier: Apache-2.0
"""Rules are CEL: this is the small port to the engine that checks and runs them.

*Checking* compiles a rule against the typed schema of :mod:`steelyard.charter.facts`, so a
misspelled fact or a wrong type is an error when the charter is loaded, at its line and column.

*Running* uses the same text on maps from which unknown facts are left out. Reading one is then an
error *value*, ``&&`` and ``||`` carry it as Kleene's third value, and whatever is not plainly true
or false is ``unknown``. (A protobuf message would answer an unset field with its default, which
would turn "not known" into an innocent ``""`` or ``0``; so messages serve for checking only.)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from msgspec import Struct

from steelyard.charter.document import nearest
from steelyard.charter.environments import loose_environment, typed_environment
from steelyard.charter.facts import Facts, fact_types, facts_document
from steelyard.charter.functions import BY_NAME, on_day
from steelyard.charter.functions import FUNCTIONS as DOMAIN
from steelyard.charter.judge import Fired, Points, fired_of, points_of
from steelyard.charter.schema import Dimension, Rule
from steelyard.charter.tree import Constant, Tree, compared, path_of, read_tree, reads, walk
from steelyard.kernel.assessment import Tier, Tri
from steelyard.kernel.errors import InputError

MAX_NESTED_LOOPS = 2
"""Most macros such as ``exists`` inside one another; lists of facts may be long."""
MAX_TEXT = 2000
"""Longest expression, in characters."""
MAX_BRACKETS = 40
"""Most brackets open at once in one expression."""

FUNCTIONS = frozenset(
    {
        "_&&_", "_||_", "!_", "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in", "_?_:_",
        "_+_", "_-_", "_*_", "_/_", "_%_", "-_", "_[_]", "@not_strictly_false", "size",
        "startsWith", "endsWith", "contains", "matches", "int", "double", "string", "timestamp",
        "duration", *BY_NAME,
    }
)  # fmt: skip
"""Everything a rule may call. ``dyn`` and ``type`` are left out: they would escape the types."""

_CEL_ERROR = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_FIELD = re.compile(r"undefined field '([^']*)' not found in struct 'steelyard\.([^']*)'")
_NAME = re.compile(r"undeclared reference to '([^']*)'")
_WORDS = {
    "_==_": "==", "_!=_": "!=", "_<_": "<", "_<=_": "<=", "_>_": ">", "_>=_": ">=", "@in": "in",
    "_&&_": "&&", "_||_": "||", "!_": "!", "_+_": "+", "_-_": "-",
}  # fmt: skip


class Problem(Struct, frozen=True):
    """What is wrong with an expression, where (counted from 1 in its text), and what to do."""

    line: int
    column: int
    message: str
    next_step: str = ""


class Program(Struct, frozen=True):
    """An expression ready to run, and what it reads."""

    text: str
    reads: tuple[tuple[str, bool], ...]
    """Facts in order, each with whether only ``has(…)`` looks at it."""
    compared: dict[str, tuple[tuple[Constant, int], ...]]
    code: Any
    dated: bool = False
    """It counts days from the day of the evaluation: run it within :func:`functions.on_day`."""

    @property
    def paths(self) -> tuple[str, ...]:
        """The facts this expression reads."""
        return tuple(path for path, _ in self.reads)


class View:
    """Facts as rules see them: nested maps without what is unknown."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data: dict[str, Any] = _known(data)
        self._activation: Any = None
        self._answers: dict[str, Tri] = {}

    @classmethod
    def bare(cls, data: dict[str, Any]) -> View:
        """Return a view of nested maps that hold nothing unknown, as they are."""
        view = cls({})
        view.data = data
        return view

    def get(self, path: str) -> Any:
        """Return the value of the fact at ``path``, or None when it is not known."""
        value: Any = self.data
        for part in path.split("."):
            if not isinstance(value, dict) or part not in value:
                return None
            value = value[part]
        return value

    def but(self, changes: Mapping[str, Any]) -> View:
        """Return the same facts with some replaced (None makes one unknown)."""
        data = dict(self.data)
        for path, value in changes.items():
            *parents, name = path.split(".")
            inner = data
            for part in parents:
                copy = dict(inner.get(part, {}))
                inner[part] = copy
                inner = copy
            if value is None:
                inner.pop(name, None)
            else:
                inner[name] = list(value) if isinstance(value, tuple) else value
        return View(data)

    def ask(self, text: str) -> Tri:
        """Return what an expression says about the facts; the same one is run once."""
        answer = self._answers.get(text)
        if answer is None:
            answer = self._answers[text] = run(compile_rule(text), self)
        return answer

    def with_risk(self, score: int, tier: Tier | None = None) -> View:
        """Return the same facts with the risk worked out so far."""
        return self.but({"risk.score": score, "risk.tier": tier})

    def points(self, dimensions: Sequence[Dimension]) -> tuple[Points, ...]:
        """Return the points of each dimension."""
        return tuple(points_of(item, self) for item in dimensions)

    def fired(self, rules: Sequence[Rule]) -> list[Fired]:
        """Return the rules that fired."""
        return [item for rule in rules if (item := fired_of(rule, self)) is not None]

    @property
    def activation(self) -> Any:
        """The facts in the engine's own form, made once."""
        if self._activation is None:
            self._activation = loose_environment().Activation(self.data)
        return self._activation


def view_of(facts: Facts) -> View:
    """Return ``facts`` as rules see them."""
    return View(facts_document(facts))


def _known(data: Mapping[str, Any]) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for key, value in data.items():
        if value is None:
            continue
        if isinstance(value, Mapping):
            value = _known(value)
        elif isinstance(value, tuple):
            value = list(value)
        known[key] = value
    return known


def check(text: str, *, forbidden: tuple[str, ...] = ()) -> list[Problem]:
    """Return what is wrong with an expression; an empty list means it can be used.

    ``forbidden`` names facts (or groups of them) that are not available where it stands.
    """
    from cel_expr_python import cel

    too_much = _too_much(text)
    if too_much:
        return [Problem(1, 1, too_much)]
    try:
        expression = typed_environment().compile(text)
    except RuntimeError as error:
        return _compile_problems(str(error))
    tree = read_tree(expression.serialize())
    problems = [Problem(*_place(text, node.offset), *said) for node, said in _misuses(tree)]
    problems += _wrong_constants(text, tree)
    for path, _ in reads(tree):
        if any(path == word or path.startswith(f"{word}.") for word in forbidden):
            problems.append(Problem(1, 1, f"The fact {path!r} is not available here."))
    if not problems and expression.return_type() != cel.Type.BOOL:
        kind = expression.return_type().name().lower()
        problems.append(Problem(1, 1, f"A condition must be true or false, but this is a {kind}."))
    return problems


def _too_much(text: str) -> str:
    if not text.strip():
        return "The expression is empty."
    if len(text) > MAX_TEXT:
        return f"The expression has {len(text):,} characters; at most {MAX_TEXT:,} are read."
    depth = deepest = 0
    for char in text:
        depth += (char in "([{") - (char in ")]}")
        deepest = max(deepest, depth)
    if deepest > MAX_BRACKETS:
        return f"More than {MAX_BRACKETS} brackets are open at once."
    return ""


def _compile_problems(message: str) -> list[Problem]:
    problems = []
    for line in message.splitlines():
        found = _CEL_ERROR.search(line)
        if found is None:
            continue
        text = found[3].replace("[INVALID_ARGUMENT]", "").replace(" (in container '')", "").strip()
        if "'*error*'" in text:
            continue  # follows from an error that is reported already
        said, hint = _plain_words(text)
        # The engine points at the dot of a selection; people look for the field after it.
        after_dot = 1 if _FIELD.search(text) else 0
        after_dot -= _root_length(text)
        problems.append(Problem(int(found[1]), max(1, int(found[2]) + after_dot), said, hint))
    return problems or [Problem(1, 1, f"The expression is not CEL: {message.splitlines()[0]}.")]


def _root_length(text: str) -> int:
    """Return how far before the engine's position an undeclared ``root.field`` begins."""
    name = _NAME.search(text)
    return len(name[1].partition(".")[0]) if name and "." in name[1] else 0


def _plain_words(text: str) -> tuple[str, str]:
    """Turn the engine's message into a sentence and a hint."""
    field = _FIELD.search(text)
    if field is not None:
        owner = next(
            fact
            for fact in fact_types().values()
            if fact.message and fact.message.__name__ == field[2]
        )
        assert owner.message is not None
        near = nearest(field[1], owner.message.__struct_fields__)
        known = ", ".join(owner.message.__struct_fields__)
        return f"There is no fact '{owner.path}.{field[1]}'.", near or f"Known: {known}."
    name = _NAME.search(text)
    if name is not None:
        root = name[1].partition(".")[0]
        roots = {path for path in fact_types() if "." not in path}
        near = nearest(root, roots | {word for word in FUNCTIONS if word[0].isalpha()})
        return f"There is no fact or function {root!r}.", near
    for sign, word in _WORDS.items():
        text = text.replace(f"'{sign}'", f"'{word}'")
    return f"{text[:1].upper()}{text[1:300]}.", ""


def _place(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def _misuses(tree: Tree) -> list[tuple[Tree, tuple[str, str]]]:
    """Return nodes that the types allow but a rule may not use, with what to say about them."""
    found: list[tuple[Tree, tuple[str, str]]] = []
    types = fact_types()

    def visit(node: Tree, loops: int, selected: bool) -> None:
        path = path_of(node)
        fact = types.get(path) if path else None
        if fact is not None and fact.message is not None and not selected:
            first = fact.message.__struct_fields__[0]
            said = f"{path!r} is a group of facts, not one.", f"Name one, such as {path}.{first}."
            found.append((node, said))
        if node.kind == "call" and node.text not in FUNCTIONS:
            found.append((node, (f"The function {node.text!r} may not be used in a charter.", "")))
        if node.kind == "struct":
            found.append((node, ("A rule may not build maps or messages.", "")))
        if node.kind == "comprehension":
            loops += 1
            if node.text in types:
                found.append((node, (f"{node.text!r} already names a fact.", "Use another name.")))
            if loops > MAX_NESTED_LOOPS:
                found.append((node, ("Too many macros inside one another.", "")))
                return
        whole = node.kind == "call" and node.text in BY_NAME and BY_NAME[node.text].groups
        for child in node.children:
            visit(child, loops, whole or node.kind == "select")

    visit(tree, 0, selected=False)
    return found


def _wrong_constants(text: str, tree: Tree) -> list[Problem]:
    problems = []
    for path, constants in compared(tree).items():
        fact = fact_types().get(path)
        if fact is None:
            continue
        for value, offset in constants:
            place = _place(text, offset)
            if fact.values and value not in fact.values:
                listed = ", ".join(fact.values)
                near = nearest(str(value), fact.values)
                said = f"{path!r} is never {value!r}; it is one of {listed}."
                problems.append(Problem(*place, said, near))
            if fact.kind == "date" and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(value)):
                said = f"{path!r} is a date and compares with text such as '2027-06-30'."
                problems.append(Problem(*place, said))
    return problems


@cache
def compile_rule(text: str) -> Program:
    """Return ``text`` ready to run. The text is trusted to have been checked.

    Raises:
        InputError: the text is not an expression at all.
    """
    problem = _too_much(text)
    if problem:
        raise InputError(problem, code="charter.expression")
    try:
        expression = loose_environment().compile(text)
    except RuntimeError as error:
        said = _compile_problems(str(error))[0]
        raise InputError(
            f"The rule text {text!r} cannot be read: {said.message}", code="charter.expression"
        ) from error
    tree = read_tree(expression.serialize())
    read = reads(tree)
    dated = any(node.kind == "call" and node.text in _DATED for node in walk(tree))
    return Program(text, read, compared(tree), expression, dated)


_DATED = frozenset(function.name for function in DOMAIN if "today" in function.reads)


def run(program: Program, view: View) -> Tri:
    """Return what an expression says about the facts: true, false, or unknown."""
    try:
        if program.dated:
            with on_day(view.data.get("today", "")):
                result = program.code.eval(view.activation)
        else:
            result = program.code.eval(view.activation)
    except RuntimeError:
        # Most failures come back as values; running out of the iteration budget is raised.
        return "unknown"
    if result.type().name() != "BOOL":
        return "unknown"
    return "true" if result.value() is True else "false"


def unknown_facts(program: Program, view: View) -> tuple[str, ...]:
    """Return the facts an expression needs that are not known."""
    return tuple(path for path, test in program.reads if not test and view.get(path) is None)
