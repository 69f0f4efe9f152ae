# SPDX-License-Identifier: Apache-2.0
"""Conditions in plain English: ``environment != 'sandbox'`` becomes *the environment is not
sandbox*.

Pure and cautious: a condition with anything in it that is not understood is shown as it is
written, never half translated. Negations are pushed inward, so that sentences have one *not*.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Final, NamedTuple

from steelyard.charter.engine import compile_rule
from steelyard.charter.fact_words import KNOWN, PHRASES, VALUES, Claim, Noun, claim_of, noun_of
from steelyard.charter.facts import fact_types
from steelyard.charter.tree import Tree, path_of, read_tree
from steelyard.kernel.errors import InputError

ALWAYS: Final = "always"
NEVER: Final = "never"


class Reading(NamedTuple):
    """A condition as people read it. ``complete`` is false where it is the condition itself."""

    text: str
    complete: bool


class _NotUnderstood(Exception):
    """Something in a condition has no words."""


@cache
def read_condition(text: str) -> Reading:
    """Return what a condition says: a clause without capital letter and full stop."""
    try:
        tree = read_tree(compile_rule(text).code.serialize())
        return Reading(_clause(tree, yes=True, bound={}), complete=True)
    except (_NotUnderstood, InputError):
        return Reading(" ".join(text.split()), complete=False)


def sentence(text: str) -> str:
    """Return what a condition says as a sentence."""
    said = read_condition(text).text
    return f"{said[:1].upper()}{said[1:]}."


_Bound = Mapping[str, Noun]


def _clause(tree: Tree, *, yes: bool, bound: _Bound) -> str:
    """Return ``tree`` as a clause, or what it says when it is not so."""
    if tree.kind == "constant" and isinstance(tree.value, bool):
        return ALWAYS if tree.value == yes else NEVER
    if tree.kind == "comprehension":
        return _loop(tree, yes, bound)
    if tree.kind == "call":
        return _call(tree, yes, bound)
    path = path_of(tree)
    if path is None:
        raise _NotUnderstood
    if tree.test:
        return _known(path, yes)
    claim = claim_of(path)
    if claim is None:
        raise _NotUnderstood
    return claim.yes if yes else claim.no


def _known(path: str, yes: bool) -> str:
    """Return what ``has(…)`` says."""
    special = KNOWN.get(path)
    if special is not None:
        return special.yes if yes else special.no
    claim = claim_of(path)
    if claim is not None:
        return f"it is {'' if yes else 'not '}known whether {claim.yes}"
    noun = noun_of(path)
    if noun is None:
        raise _NotUnderstood
    return f"{noun.text} {noun.verb} {'' if yes else 'not '}known"


def _call(tree: Tree, yes: bool, bound: _Bound) -> str:
    name, children = tree.text, tree.children
    if name == "!_":
        return _clause(children[0], yes=not yes, bound=bound)
    if name in ("_&&_", "_||_"):
        return _joined(tree, yes, bound)
    if name == "_?_:_":
        condition = _clause(children[0], yes=True, bound=bound)
        then, other = (_clause(child, yes=yes, bound=bound) for child in children[1:])
        return f"if {condition}, then {then}; otherwise {other}"
    if name in _COMPARED:
        return _comparison(tree, yes, bound)
    if name == "@in":
        return _membership(children[0], children[1], yes, bound)
    speaker = _SPEAKERS.get(name)
    if speaker is None:
        raise _NotUnderstood
    return speaker(children, yes, bound)


def _joined(tree: Tree, yes: bool, bound: _Bound) -> str:
    """Join the parts of ``&&`` or ``||``; of a negated one the parts are negated (De Morgan)."""
    both = (tree.text == "_&&_") == yes
    joined = _parts(tree, yes, both)
    parts = []
    for child, so in joined:
        said = _clause(child, yes=so, bound=bound)
        if not both and _connects(child, so) is True:
            said = f"({said})"
        elif both and _connects(child, so) is False and ", if known," not in said:
            said = f"either {said}"
        parts.append(said)
    if both:
        parts = _known_once(joined, parts)
    parts = list(dict.fromkeys(parts))
    about = _about(tree, yes, parts)
    if about:
        return about
    either = any(" or " in part and not part.startswith("(") for part in parts)
    if not both:
        return ", or ".join(parts) if either else _series(parts, "or")
    return ", and ".join(parts) if either else _series(parts, "and")


def _known_once(joined: Sequence[tuple[Tree, bool]], parts: list[str]) -> list[str]:
    """Return the parts with *it is known that …* for ``has(x) && x`` and ``has(x) && !x``."""
    asked = {path_of(tree): at for at, (tree, so) in enumerate(joined) if tree.test and so}
    merged = list(parts)
    for at, (tree, _) in enumerate(joined):
        path = path_of(tree)
        if path is not None and not tree.test and path in asked and claim_of(path) is not None:
            merged[asked[path]] = f"it is known that {parts[at]}"
            merged[at] = ""
    return [part for part in merged if part]


def _connects(tree: Tree, yes: bool) -> bool | None:
    """Tell what joins the parts of ``tree``, once negations are pushed inward: True for *and*,
    False for *or*, None when it has no parts."""
    if tree.kind != "call" or tree.text not in ("_&&_", "_||_"):
        return None
    return (tree.text == "_&&_") == yes


def _parts(tree: Tree, yes: bool, both: bool) -> list[tuple[Tree, bool]]:
    """Return what is joined on one level, each with whether it is said or its opposite."""
    while tree.kind == "call" and tree.text == "!_":
        tree, yes = tree.children[0], not yes
    if _connects(tree, yes) is both:
        return [part for child in tree.children for part in _parts(child, yes, both)]
    return [(tree, yes)]


def _about(tree: Tree, yes: bool, parts: list[str]) -> str:
    """Return *X is known and is …* for ``has(x) && x …``, *X, if known, is not …* for its
    opposite; an empty text for anything else."""
    both = (tree.text == "_&&_") == yes
    first, said = _parts(tree, yes, both)[0]
    path = path_of(first)
    noun = noun_of(path) if path and first.test else None
    if noun is None or len(parts) != 2 or not parts[1].startswith(f"{noun.text} {noun.verb} "):
        return ""
    rest = parts[1].removeprefix(noun.text)
    if both and said:
        return f"{noun.text} {noun.verb} known and{rest}"
    return f"{noun.text}, if known,{rest}" if not both and not said else ""


def _series(parts: Sequence[str], word: str) -> str:
    if len(parts) < 3:
        return f" {word} ".join(parts)
    return f"{', '.join(parts[:-1])}, {word} {parts[-1]}"


_COMPARED: Final[Mapping[str, tuple[str, str]]] = {
    "_==_": ("is", "is not"),
    "_!=_": ("is not", "is"),
    "_<_": ("is below", "is at least"),
    "_<=_": ("is at most", "is above"),
    "_>_": ("is above", "is at most"),
    "_>=_": ("is at least", "is below"),
}
_SWAPPED: Final = {"_<_": "_>_", "_<=_": "_>=_", "_>_": "_<_", "_>=_": "_<=_"}
_DATED: Final[Mapping[str, tuple[str, str]]] = {
    **_COMPARED,
    "_<_": ("is before", "is not before"),
    "_<=_": ("is not after", "is after"),
    "_>_": ("is after", "is not after"),
    "_>=_": ("is not before", "is before"),
}


def _comparison(tree: Tree, yes: bool, bound: _Bound) -> str:
    left, right = tree.children
    operator = tree.text
    if left.kind == "constant" and right.kind != "constant":
        left, right, operator = right, left, _SWAPPED.get(operator, operator)
    if right.kind == "constant" and isinstance(right.value, bool):
        same = (operator == "_==_") == (right.value is True)
        return _clause(left, yes=yes == same, bound=bound)
    if left.kind == "call" and left.text == "size" and right.kind == "constant":
        counted = _count(left.children[0], operator, right, yes, bound)
        if counted is not None:
            return counted
    if left.kind == "call" and left.text in ("days_since", "days_until"):
        return _days(left, operator, right, yes, bound)
    path = path_of(left)
    phrase = _phrase(path, right)
    if phrase is not None and operator in ("_==_", "_!=_"):
        return phrase.yes if (operator == "_==_") == yes else phrase.no
    subject = _value(left, bound)
    fact = fact_types().get(path) if path else None
    verbs = (_DATED if fact is not None and fact.kind == "date" else _COMPARED)[operator]
    verb = verbs[0 if yes else 1]
    if _plural(left, bound):
        verb = verb.replace("is", "are", 1)
    return f"{subject} {verb} {_word(right, path, bound)}"


def _phrase(path: str | None, value: Tree) -> Claim | None:
    """Return the sentences for a fact having one of its values, where it has its own."""
    if value.kind != "constant" or not isinstance(value.value, str):
        return None
    return PHRASES.get(path or "", {}).get(value.value)


def _count(tree: Tree, operator: str, number: Tree, yes: bool, bound: _Bound) -> str | None:
    """Return ``there are no …`` and ``there is at least one …`` for the usual sizes of lists."""
    path = path_of(tree)
    noun = noun_of(path) if path and path not in bound else None
    if noun is None or not noun.one:
        return None
    none = (operator, number.value) in (("_==_", 0), ("_<_", 1), ("_<=_", 0))
    some = (operator, number.value) in (("_>_", 0), ("_>=_", 1), ("_!=_", 0))
    if not (none or some):
        return None
    return f"there is no {noun.one}" if none == yes else f"there is at least one {noun.one}"


def _days(call: Tree, operator: str, right: Tree, yes: bool, bound: _Bound) -> str:
    subject, number = _value(call.children[0], bound), _word(right, None, bound)
    verb = _COMPARED[operator][0 if yes else 1].removeprefix("is ")
    past = call.text == "days_since"
    verb = {"below": "less than", "above": "more than", "is": "exactly"}.get(verb, verb)
    return f"{subject} is {verb} {number} days {'ago' if past else 'away'}"


def _membership(item: Tree, listed: Tree, yes: bool, bound: _Bound) -> str:
    if listed.kind != "list":
        holder = _value(listed, bound)
        verb = "contain" if _plural(listed, bound) else "contains"
        does = "do not contain" if _plural(listed, bound) else "does not contain"
        return f"{holder} {verb if yes else does} {_word(item, None, bound)}"
    path = path_of(item)
    phrases = [_phrase(path, child) for child in listed.children]
    if phrases and all(phrases):
        said = [phrase.yes if yes else phrase.no for phrase in phrases if phrase is not None]
        either = "either " if yes and len(said) > 1 else ""
        return either + _series(said, "or" if yes else "and")
    subject = _value(item, bound)
    verb = "are" if _plural(item, bound) else "is"
    words = list(dict.fromkeys(_word(child, path, bound) for child in listed.children))
    if not words:
        return f"{subject} {verb} {'in an empty list' if yes else 'anything at all'}"
    if yes:
        return f"{subject} {verb} {_series(words, 'or')}"
    if len(words) == 1:
        return f"{subject} {verb} not {words[0]}"
    return f"{subject} {verb} {'neither' if len(words) == 2 else 'none of'} " + _series(
        words, "nor" if len(words) == 2 else "and"
    )


def _plural(tree: Tree, bound: _Bound) -> bool:
    path = path_of(tree)
    noun = None if path is None or path in bound else noun_of(path)
    return noun is not None and noun.plural


def _value(tree: Tree, bound: _Bound) -> str:
    """Return what is talked about: a fact, a bound name, or something worked out of them."""
    path = path_of(tree)
    if path is not None:
        noun = bound.get(path) or noun_of(path)
        if noun is None or tree.test:
            raise _NotUnderstood
        return noun.text
    if tree.kind == "constant":
        return _word(tree, None, bound)
    if tree.kind == "call" and tree.text == "size":
        return f"the number of {_value(tree.children[0], bound).removeprefix('the ')}"
    if tree.kind == "call" and tree.text in _ARITHMETIC:
        left, right = (_value(child, bound) for child in tree.children)
        return f"{left} {_ARITHMETIC[tree.text]} {right}"
    if tree.kind == "call" and tree.text in ("int", "double", "string", "timestamp"):
        return _value(tree.children[0], bound)
    raise _NotUnderstood


_ARITHMETIC: Final = {"_+_": "plus", "_-_": "minus", "_*_": "times", "_/_": "divided by"}


def _word(tree: Tree, path: str | None, bound: _Bound) -> str:
    """Return a value that is compared with the fact at ``path``."""
    if tree.kind != "constant":
        return _value(tree, bound)
    value = tree.value
    if isinstance(value, str):
        fact = fact_types().get(path) if path else None
        said = VALUES.get(path or "", {}).get(value)
        if said is not None:
            return said
        if fact is not None and fact.values:
            return value.replace("_", " ")
        return value if re.fullmatch(r"[\w][\w. /+-]*", value) else f"“{value}”"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,}"
    raise _NotUnderstood


def _loop(tree: Tree, yes: bool, bound: _Bound) -> str:
    """Return ``exists`` and ``all`` over a list of facts."""
    source, start, _, step, _ = tree.children
    path = path_of(source)
    noun = noun_of(path) if path and path not in bound else None
    if noun is None or step.kind != "call" or start.kind != "constant":
        raise _NotUnderstood
    inner = {**bound, tree.text: Noun("it")}
    if (step.text, start.value) not in (("_||_", False), ("_&&_", True)):
        raise _NotUnderstood
    kind = "exists" if step.text == "_||_" else "all"
    condition = step.children[1]
    # Not every one is so = at least one is not; not one is so = every one is not so.
    some = (kind == "exists") == yes
    said = _clause(condition, yes=yes, bound=inner)
    if not said.startswith("it "):
        who = "for at least one" if some else "for every one"
        return f"{who} of {noun.text} {said}"
    if not some and kind == "exists":
        said = _clause(condition, yes=True, bound=inner)
        return f"none of {noun.text} {_once(said)}"
    return f"{'at least one' if some else 'every one'} of {noun.text} {_once(said)}"


def _once(said: str) -> str:
    """Return a predicate about *it* without its subject; further ones keep theirs."""
    return said.removeprefix("it ").replace(" or it ", " or ").replace(" and it ", " and ")


_Speaker = Callable[[Sequence[Tree], bool, _Bound], str]


def _test(is_so: str, is_not: str) -> _Speaker:
    def speak(children: Sequence[Tree], yes: bool, bound: _Bound) -> str:
        target, argument = children
        if argument.kind != "constant" or not isinstance(argument.value, str):
            raise _NotUnderstood
        return f"{_value(target, bound)} {is_so if yes else is_not} “{argument.value}”"

    return speak


def _permits(_children: Sequence[Tree], yes: bool, _bound: _Bound) -> str:
    if yes:
        return "every license on the way permits the use, and no duty is open"
    return "a license on the way does not permit the use, or a duty is open"


def _version(children: Sequence[Tree], yes: bool, bound: _Bound) -> str:
    subject, least = _value(children[0], bound), _word(children[1], None, bound)
    return f"{subject} is {least} or later" if yes else f"{subject} is earlier than {least}"


_SPEAKERS: Final[Mapping[str, _Speaker]] = {
    "startsWith": _test("begins with", "does not begin with"),
    "endsWith": _test("ends with", "does not end with"),
    "contains": _test("contains", "does not contain"),
    "matches": _test("matches the pattern", "does not match the pattern"),
    "purl_matches": _test("matches", "does not match"),
    "permits": _permits,
    "version_at_least": _version,
}
