# SPDX-License-Identifier: Apache-2.0
"""Where the texts of a charter come from: itself, what it extends, the packs it includes.

This engine opens no files. Whoever calls it hands over a *reader*: a function from a reference and
the file that names it to that text's file name and the text. Cycles and endless chains end here.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct

from steelyard.charter.document import Document, Path

Reader = Callable[[str, str], tuple[str, str]]
"""``(reference, file that names it) -> (file name, text)``. Raises ``InputError``."""

MAX_DEPTH = 8
"""How many charters may extend one another in a row, and packs include one another."""
MAX_FILES = 64
_PATH = re.compile(r"[/\\]|\.ya?ml\Z")


class Chain(Struct, frozen=True):
    """The files that are being read, from the one that was asked for to the present one."""

    files: tuple[str, ...]
    read: Reader | None
    seen: list[str]
    """Every file read so far, for limits and for whoever watches them."""


def is_path(reference: str) -> bool:
    """Tell whether a reference is the path of a file, not the name of something shipped."""
    return _PATH.search(reference) is not None


def open_reference(
    chain: Chain, document: Document, place: Path, reference: str
) -> tuple[str, Chain] | None:
    """Return the text a reference names and the chain with it, or record why there is none."""
    from steelyard.kernel.errors import InputError

    if chain.read is None:
        document.error_at(place, f"Files cannot be read here, so {reference!r} cannot be used.")
        return None
    try:
        file, text = chain.read(reference, document.file)
    except InputError as error:
        document.error_at(place, str(error), error.next_step)
        return None
    if file in chain.files:
        way = " -> ".join((*chain.files[chain.files.index(file) :], file))
        document.error_at(
            place, f"The files name one another in a circle: {way}.", "Take one of them out."
        )
        return None
    if len(chain.files) >= MAX_DEPTH or len(chain.seen) >= MAX_FILES:
        document.error_at(
            place,
            f"Too many files: at most {MAX_DEPTH} in a row and {MAX_FILES} in all are read.",
            "Put the sections into fewer files.",
        )
        return None
    chain.seen.append(file)
    return text, Chain((*chain.files, file), chain.read, chain.seen)
