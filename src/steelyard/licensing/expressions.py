# SPDX-License-Identifier: Apache-2.0
"""SPDX license expressions, as far as composing needs them."""

from __future__ import annotations

import re
from typing import Any

OPERATOR = re.compile(r"(?i)\b(?:and|or|with)\b")
MAX_EXPRESSION = 500
"""Longest expression read, in characters."""


def symbols(text: str) -> list[str]:
    """Return the license names in an SPDX expression, sorted; empty when it is none.

    Of ``X WITH exception`` it is X: the exception only permits more, so X is the stricter reading.
    """
    if len(text) > MAX_EXPRESSION or not OPERATOR.search(text):
        return []
    from license_expression import ExpressionError, Licensing

    try:
        parsed: Any = Licensing().parse(text)
    except (ExpressionError, RecursionError):
        return []
    if parsed is None:
        return []
    names = []
    for symbol in parsed.symbols:
        base = getattr(symbol, "license_symbol", symbol)
        names.append(str(base.key))
    return sorted(set(names))
