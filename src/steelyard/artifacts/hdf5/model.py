# SPDX-License-Identifier: Apache-2.0
"""What is known of an HDF5 file: its objects, attributes, and what leads to other files."""

from __future__ import annotations

from dataclasses import dataclass, field

from msgspec import Struct

from steelyard.artifacts.problem import Problem


class Datatype(Struct, frozen=True):
    """An element type: class of the specification, size in bytes, name for people."""

    kind: int
    size: int
    name: str
    variable: bool = False
    """Elements lie in the global heap: strings or sequences of any length."""

    @property
    def is_text(self) -> bool:
        """Whether the elements are strings, of fixed or any length."""
        return self.kind == STRING or (self.kind == VLEN and self.name == "string")


FIXED, FLOAT, STRING, OPAQUE, COMPOUND, VLEN, ARRAY = 0, 1, 3, 5, 6, 9, 10
"""Datatype classes the readers tell apart."""


class Attribute(Struct, frozen=True):
    """An attribute of the object at ``owner``. ``raw`` are its bytes: text, opaque data or small
    integers; empty for numbers, whose values no rule reads."""

    owner: str
    name: str
    datatype: Datatype
    shape: tuple[int, ...]
    raw: bytes

    @property
    def text(self) -> str:
        """The bytes as text."""
        return self.raw.rstrip(b"\0").decode("utf-8", "backslashreplace")


class Dataset(Struct, frozen=True):
    """An array. ``start`` is the byte where contiguous data begin, -1 where they are elsewhere."""

    path: str
    shape: tuple[int, ...]
    datatype: Datatype
    layout: str
    start: int = -1
    size: int = 0
    filters: tuple[int, ...] = ()


class Outside(Struct, frozen=True):
    """A reference to another file: ``kind`` is link, storage or virtual dataset."""

    kind: str
    path: str
    target: str


@dataclass(slots=True)
class Hdf5File:
    """Everything that was read; ``gaps`` say what was not."""

    version: int = 0
    start: int = 0
    """Bytes before the file proper, which may hold anything."""
    groups: list[str] = field(default_factory=list)
    datasets: list[Dataset] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)
    outside: list[Outside] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)

    def gap(self, reason: str) -> None:
        """Note something that was not read, a few of many."""
        if reason not in self.gaps and len(self.gaps) < 20:
            self.gaps.append(reason)
