# SPDX-License-Identifier: Apache-2.0
"""The arguments of a call, as the walk over a Python file knows them."""

from __future__ import annotations

from steelyard.scanning.rules.python_values import ANY, Value


class Given:
    """The arguments of a call."""

    __slots__ = ("args", "base", "keywords")

    def __init__(self, args: list[Value], keywords: dict[str, Value], base: Value = ANY) -> None:
        self.args, self.keywords, self.base = args, keywords, base

    def first(self) -> Value:
        """The first positional argument, or the empty value."""
        return self.args[0] if self.args else ANY

    def at(self, index: int, keyword: str) -> Value:
        """One argument by place or keyword."""
        found = self.keywords.get(keyword)
        if found is not None:
            return found
        return self.args[index] if index < len(self.args) else ANY

    def all(self) -> list[Value]:
        """Every argument."""
        return [*self.args, *self.keywords.values()]
