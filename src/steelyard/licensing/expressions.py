# SPDX-License-Identifier: Apache-2.0
"""SPDX license expressions, as far as composing needs them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

OPERATOR = re.compile(r"(?i)\b(?:and|or|with)\b")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]{1,80}")
MAX_EXPRESSION = 500
"""Longest expression read, in characters."""


def chosen(text: str, rank: Callable[[str], int]) -> list[str]:
    """Return the names an expression leaves whoever takes the mildest of its alternatives.

    ``rank`` says how restrictive a name is. Empty when ``text`` is no expression.
    """
    parsed = _parsed(text)
    if parsed is None:
        return []

    def names(node: Any) -> list[str]:
        kind = type(node).__name__
        if kind == "AND":
            return [name for part in node.args for name in names(part)]
        if kind == "OR":
            return min((names(part) for part in node.args), key=lambda each: max(map(rank, each)))
        return [str(getattr(node, "license_symbol", node).key)]

    return sorted(set(names(parsed)))


def is_listed(name: str) -> bool:
    """Tell whether a name is an id of the SPDX list, with ``-or-later`` or without."""
    if not _ID.fullmatch(name):
        return False
    from license_expression import get_spdx_licensing

    known = get_spdx_licensing().known_symbols
    base = name.removesuffix("-or-later").removesuffix("-only").removesuffix("+")
    return any(each in known for each in (name, base, f"{base}-only"))


def symbols(text: str) -> list[str]:
    """Return the license names in an SPDX expression, sorted; empty when it is none.

    Of ``X WITH exception`` it is X: the exception only permits more, so X is the stricter reading.
    """
    parsed = _parsed(text)
    if parsed is None:
        return []
    names = []
    for symbol in parsed.symbols:
        base = getattr(symbol, "license_symbol", symbol)
        names.append(str(base.key))
    return sorted(set(names))


def _parsed(text: str) -> Any:
    """Return the parsed expression; None when ``text`` has no operator or cannot be read."""
    if len(text) > MAX_EXPRESSION or not OPERATOR.search(text):
        return None
    from license_expression import ExpressionError, Licensing

    try:
        return Licensing().parse(text)
    except (ExpressionError, RecursionError):
        return None
