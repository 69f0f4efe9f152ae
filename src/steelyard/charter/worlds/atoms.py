# SPDX-License-Identifier: Apache-2.0
"""What an expression asks about each fact, taken apart into the smallest questions: *atoms*.

An expression whose every atom compares one fact with constants depends on nothing but the answers
to its atoms. Two values of a fact that answer all atoms alike can then stand for one another, and a
finite set of values stands for all. Whatever is not such an atom is named in ``beyond``: examples
may still be found for it, but nothing is proven.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

from msgspec import Struct

from steelyard.charter.engine import compile_rule
from steelyard.charter.facts import FactType, fact_types
from steelyard.charter.tree import Constant, Tree, path_of, read_tree

AtomKind = Literal["truth", "presence", "compare", "member", "text", "size", "days", "elements"]

_FLIPPED = {"_<_": "_>_", "_<=_": "_>=_", "_>_": "_<_", "_>=_": "_<=_", "_==_": "_==_"}
_FLIPPED["_!=_"] = "_!=_"
_LOGIC = frozenset({"_&&_", "_||_", "!_", "_?_:_", "@not_strictly_false"})
_TEXT = frozenset(
    {"startsWith", "endsWith", "contains", "matches", "version_at_least", "purl_matches"}
)
_DAYS = frozenset({"days_since", "days_until"})
_WORDS = {"_+_": "+", "_-_": "-", "_*_": "*", "_/_": "/", "_%_": "%", "-_": "-", "_[_]": "[…]"}


class Atom(Struct, frozen=True):
    """One question about the fact at ``path``, or about an element of a list where it is empty.

    ``operator`` and ``constants`` say which; the atoms of a quantifier over a list (``exists``,
    ``all``, ``'x' in list``) that ask about its elements are in ``inner``.
    """

    path: str
    kind: AtomKind
    operator: str = ""
    constants: tuple[Constant, ...] = ()
    inner: tuple[Atom, ...] = ()


class Reading(Struct, frozen=True):
    """The atoms of an expression, and what it does besides, each as words such as ``size()``."""

    atoms: tuple[Atom, ...]
    beyond: tuple[str, ...] = ()


@cache
def reading_of(text: str) -> Reading:
    """Return what the expression ``text`` asks.

    Raises:
        InputError: the text is not an expression at all.
    """
    tree = read_tree(compile_rule(text).code.serialize())
    reader = _Reader(text)
    reader.visit(tree)
    return Reading(tuple(dict.fromkeys(reader.atoms)), tuple(dict.fromkeys(reader.beyond)))


class _Reader:
    """Walks one tree. ``elements`` maps the name a macro binds to the atoms about it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.atoms: list[Atom] = []
        self.beyond: list[str] = []
        self.elements: dict[str, list[Atom]] = {}

    def visit(self, node: Tree) -> None:
        """Read a node that stands where true or false is wanted."""
        path = path_of(node)
        if path is not None:
            self._named(node, path)
        elif node.kind == "comprehension":
            self._quantifier(node)
        elif node.kind == "call":
            self._call(node)
        elif node.kind != "constant":
            self._give_up("it builds a value")

    def _named(self, node: Tree, path: str) -> None:
        fact = fact_types().get(path)
        if node.test:
            self.atoms.append(Atom(path, "presence"))
        elif fact is not None and fact.kind == "bool":
            self.atoms.append(Atom(path, "truth"))
        else:
            self._give_up(f"{path!r} is not true or false")

    def _call(self, node: Tree) -> None:
        if node.text in _LOGIC:
            for child in node.children:
                self.visit(child)
        elif node.text in _FLIPPED:
            self._comparison(node)
        elif node.text == "@in":
            self._membership(node)
        elif node.text in _TEXT and node.children[1].kind == "constant":
            self._about(node.children[0], "text", node.text, (node.children[1].value,))
        elif node.text == "permits":  # license.permits(use_case): the answer is a fact already
            self.atoms.append(Atom("license.use", "compare", "_==_", ("ok",)))
        else:
            self._give_up(f"it calls {_WORDS.get(node.text, node.text)}")

    def _comparison(self, node: Tree) -> None:
        one, other = node.children
        operator = node.text
        if one.kind == "constant":
            one, other, operator = other, one, _FLIPPED[operator]
        called = one.text if one.kind == "call" else ""
        if other.kind == "constant" and called in _DAYS:
            self._about(one.children[0], "days", f"{called} {operator}", (other.value,))
            return
        if other.kind == "constant" and called == "size":
            self._about(one.children[0], "size", operator, (other.value,))
            return
        if other.kind == "constant" and path_of(one) is not None:
            self._about(one, "compare", operator, (other.value,))
            return
        if node.text in ("_==_", "_!=_") and _is_condition(one) and _is_condition(other):
            self.visit(one)
            self.visit(other)
        else:
            self._give_up("it compares two facts, or a fact with something calculated")

    def _membership(self, node: Tree) -> None:
        item, holder = node.children
        if holder.kind == "list" and all(child.kind == "constant" for child in holder.children):
            constants = tuple(child.value for child in holder.children)
            self._about(item, "member", "@in", constants)
            return
        path = path_of(holder)
        fact = fact_types().get(path or "")
        if item.kind == "constant" and path and fact is not None and fact.kind == "strings":
            inner = (Atom("", "compare", "_==_", (item.value,)),)
            self.atoms.append(Atom(path, "elements", "exists", inner=inner))
        else:
            self._give_up("it looks for a fact in a list of facts")

    def _about(
        self, node: Tree, kind: AtomKind, operator: str, constants: tuple[Constant, ...]
    ) -> None:
        path = path_of(node)
        if path in self.elements and kind not in ("size", "days"):
            self.elements[path].append(Atom("", kind, operator, constants))
            return
        fact = fact_types().get(path or "")
        if path is None or fact is None:
            self._give_up(f"{path or 'what it looks at'} is not a fact known here")
        elif _fits(fact, kind, operator):
            self.atoms.append(Atom(path, kind, operator, constants))
        else:
            self._give_up(f"{path!r} is used in a way that has too many cases")

    def _quantifier(self, node: Tree) -> None:
        over, start, _, step, _ = node.children
        path = path_of(over)
        fact = fact_types().get(path or "")
        plain = step.kind == "call" and step.text in ("_||_", "_&&_")
        if not plain or not isinstance(start.value, bool) or self.elements:
            self._give_up("it uses a macro other than exists or all, or one inside another")
        elif path is None or fact is None or fact.kind != "strings":
            self._give_up("a macro runs over something other than a list of facts")
        else:
            self.elements[node.text] = []
            self.visit(step.children[1])
            inner = tuple(dict.fromkeys(self.elements.pop(node.text)))
            # Two macros over one list need two witnesses, even with the same atoms inside.
            mark = f"{'all' if start.value else 'exists'} {node.offset} {self.text}"
            self.atoms.append(Atom(path, "elements", mark, inner=inner))

    def _give_up(self, why: str) -> None:
        self.beyond.append(why)


def _is_condition(node: Tree) -> bool:
    """Tell whether a node is true or false by its form."""
    if node.kind == "constant":
        return isinstance(node.value, bool)
    fact = fact_types().get(path_of(node) or "")
    if fact is not None:
        return node.test or fact.kind == "bool"
    if node.kind == "comprehension":
        return isinstance(node.children[1].value, bool)
    return node.kind == "call" and node.text in (
        _LOGIC | _TEXT | set(_FLIPPED) | {"@in", "permits"}
    )


def _fits(fact: FactType, kind: AtomKind, operator: str) -> bool:
    """Tell whether a few values stand for all under an atom of this kind."""
    if kind in ("size", "days"):
        return fact.kind == ("strings" if kind == "size" else "date")
    if kind == "text":
        return fact.kind == "string"
    if fact.kind == "string" and not fact.values:
        return operator in ("_==_", "_!=_", "@in")  # an order of words has endless cases
    return fact.kind in ("bool", "int", "date", "string")
