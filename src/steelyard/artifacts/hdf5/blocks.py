# SPDX-License-Identifier: Apache-2.0
"""Reads an HDF5 file's superblock, and numbers and addresses of the widths it declares.

Layout as in the HDF5 File Format Specification 3.0, sections II and III. Addresses count from the
base address; the all-ones address means that there is none.
"""

from __future__ import annotations

from msgspec import Struct

from steelyard.artifacts.source import Source
from steelyard.kernel.errors import ArtifactError, LimitExceeded, TruncatedArtifact
from steelyard.kernel.limits import Limits

SIGNATURE = b"\x89HDF\r\n\x1a\n"
_PLACES = (0, *(512 << step for step in range(12)))
"""Where a superblock may stand: at the beginning or behind a user block of 512, 1024 … bytes."""
_WIDTHS = (2, 4, 8)


class Superblock(Struct, frozen=True):
    """``root`` is the address of the root group's object header."""

    version: int
    start: int
    base: int
    address_width: int
    length_width: int
    root: int


def find_superblock(source: Source) -> int:
    """Return the byte at which the file's signature stands, or -1."""
    for place in _PLACES:
        if place + 8 > source.size:
            break
        if source.read_at(place, 8) == SIGNATURE:
            return place
    return -1


class Blocks:
    """Bounded reading of one HDF5 file. Every block that is read counts against a budget of the
    file's own size, so that structures that share or repeat blocks cannot multiply work."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self.source, self.limits = source, limits
        self._left = 16 * 1024 * 1024 + 4 * source.size
        self._reads = limits.hdf5_blocks
        self.superblock = self._superblock()

    def read(self, address: int, length: int, what: str) -> bytes:
        """Return exactly ``length`` bytes at ``address``.

        Raises:
            TruncatedArtifact: they lie outside the file.
            LimitExceeded: more was read than the whole file could need.
        """
        at = self.superblock.base + address
        self._spend(length, at)
        if address < 0 or at + length > self.source.size:
            raise TruncatedArtifact(f"The {what} lies outside the file.", offset=at)
        data = self.source.read_at(at, length)
        if len(data) < length:
            raise TruncatedArtifact(f"The {what} lies outside the file.", offset=at)
        return data

    def some(self, address: int, length: int, what: str) -> bytes:
        """Return up to ``length`` bytes at ``address``, at least one."""
        at = self.superblock.base + address
        self._spend(length, at)
        data = self.source.read_at(at, length) if address >= 0 else b""
        if not data:
            raise TruncatedArtifact(f"The {what} lies outside the file.", offset=at)
        return data

    def _spend(self, length: int, at: int) -> None:
        self._left -= length
        self._reads -= 1
        if self._left < 0 or self._reads < 0:
            raise LimitExceeded(
                "The structures of the file refer to one another without end.",
                offset=at,
                code="hdf5.cycle",
            )

    def address(self, data: bytes, at: int) -> int:
        """Return the address at ``at`` of ``data``, or -1 where there is none."""
        width = self.superblock.address_width
        value = number(data, at, width)
        return -1 if value == (1 << 8 * width) - 1 else value

    def length(self, data: bytes, at: int) -> int:
        """Return the length at ``at`` of ``data``."""
        return number(data, at, self.superblock.length_width)

    def _superblock(self) -> Superblock:
        start = find_superblock(self.source)
        if start < 0:
            raise ArtifactError("This is not an HDF5 file.", offset=0)
        head = self.source.read_at(start, 128)
        if len(head) < 48:
            raise TruncatedArtifact("The file ends inside its superblock.", offset=start)
        version = head[8]
        if version not in (0, 1, 2, 3):
            raise ArtifactError(f"The superblock version {version} is not known.", offset=start + 8)
        old = version < 2
        address_width, length_width = (head[13], head[14]) if old else (head[9], head[10])
        if address_width not in _WIDTHS or length_width not in _WIDTHS:
            raise ArtifactError("The superblock declares impossible widths.", offset=start + 9)
        at = (24 if version == 0 else 28) if old else 12
        base = number(head, at, address_width)
        # An old superblock ends with a symbol table entry: name offset, then the header's address.
        root = number(head, at + (5 if old else 3) * address_width, address_width)
        if base > self.source.size:
            raise ArtifactError("The base address lies outside the file.", offset=start)
        return Superblock(version, start, base, address_width, length_width, root)


def number(data: bytes, at: int, width: int) -> int:
    """Return the little-endian number of ``width`` bytes at ``at``.

    Raises:
        TruncatedArtifact: ``data`` ends before.
    """
    if at < 0 or at + width > len(data):
        raise TruncatedArtifact("A structure ends before its fields do.")
    return int.from_bytes(data[at : at + width], "little")
