# SPDX-License-Identifier: Apache-2.0
"""Expands LZ4 frames one block at a time: current, legacy and skippable ones, linked blocks too.

The rules are those of the public LZ4 frame and block format descriptions. The xxHash checksums of
headers, blocks and content are stepped over, not compared: they guard against accidents only.
"""

from __future__ import annotations

from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.limits import MIB

FRAME = 0x184D2204
LEGACY = 0x184C2102
_SKIPPABLE = range(0x184D2A50, 0x184D2A60)
_LEGACY_BLOCK = 8 * MIB
_BLOCK_SIZES = {4: 64 * 1024, 5: 256 * 1024, 6: MIB, 7: 4 * MIB}
_HISTORY = 64 * 1024
"""How far back a match may reach, in bytes."""


def lz4_block(data: bytes, most: int, history: bytes = b"") -> bytes:
    """Return what one compressed block expands to, which may refer back into ``history``.

    Raises:
        ArtifactError: the block is broken or expands to more than ``most`` bytes.
    """
    out = bytearray(history)
    most += len(history)
    at, end = 0, len(data)
    while at < end:
        token = data[at]
        literals, at = _length(data, at + 1, token >> 4)
        if literals > end - at or len(out) + literals > most:
            raise ArtifactError("an LZ4 block's literals run past its end")
        out += data[at : at + literals]
        at += literals
        if at >= end:
            break
        if end - at < 2:
            raise ArtifactError("an LZ4 block ends inside a match")
        distance = data[at] | data[at + 1] << 8
        count, at = _length(data, at + 2, token & 15)
        count += 4
        if not 0 < distance <= len(out) or len(out) + count > most:
            raise ArtifactError("an LZ4 match reaches outside its block")
        start = len(out) - distance
        if distance >= count:
            out += out[start : start + count]
        else:
            out += (bytes(out[start:]) * (count // distance + 1))[:count]
    return bytes(out[len(history) :])


def _length(data: bytes, at: int, value: int) -> tuple[int, int]:
    if value < 15:
        return value, at
    while at < len(data):
        byte = data[at]
        at += 1
        value += byte
        if byte != 255:
            return value, at
    raise ArtifactError("an LZ4 block ends inside a length")


class Lz4Expander:
    """One LZ4 frame, given in pieces; every step returns at most one block (8 MiB)."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._history = b""
        self._block = 0
        self._legacy = self._linked = self._sums = self._total_sum = False
        self._skip = 0
        self.ended = False
        self.hungry = True

    @property
    def may_end(self) -> bool:
        """Whether the input may stop here: legacy frames have no end mark."""
        return self._legacy and not self._held

    def expand(self, data: bytes, most: int) -> tuple[bytes, bytes]:
        """Return the next block and, once the frame has ended, the input that is left over.

        Raises:
            ArtifactError: the frame is broken. ``most`` cannot split a block, and is not kept to.
        """
        self._held += data
        self.hungry = False
        if self._skip or self._block == 0:
            self._begin()
            return b"", bytes(self._held) if self.ended else b""
        return self._next_block()

    def _begin(self) -> None:
        if self._skip:
            gone = min(self._skip, len(self._held))
            del self._held[:gone]
            self._skip -= gone
            self.ended = not self._skip
            self.hungry = not self.ended
            return
        if len(self._held) < 8:
            self.hungry = True
            return
        magic = int.from_bytes(self._held[:4], "little")
        if magic == LEGACY:
            self._legacy, self._block = True, _LEGACY_BLOCK
            del self._held[:4]
        elif magic in _SKIPPABLE:
            self._skip = int.from_bytes(self._held[4:8], "little")
            del self._held[:8]
            self.ended = not self._skip
        elif magic == FRAME:
            self._header()
        else:
            raise ArtifactError("this is no LZ4 frame")

    def _header(self) -> None:
        flags, sizes = self._held[4], self._held[5]
        length = 7 + (8 if flags & 8 else 0) + (4 if flags & 1 else 0)
        if len(self._held) < length:
            self.hungry = True
            return
        if flags >> 6 != 1 or sizes >> 4 & 7 not in _BLOCK_SIZES:
            raise ArtifactError("the LZ4 frame has an unknown version or block size")
        if flags & 1:
            raise ArtifactError("the LZ4 frame needs a dictionary")
        self._linked = not flags & 0x20
        self._sums, self._total_sum = bool(flags & 0x10), bool(flags & 4)
        self._block = _BLOCK_SIZES[sizes >> 4 & 7]
        del self._held[:length]

    def _next_block(self) -> tuple[bytes, bytes]:
        if len(self._held) < 4:
            self.hungry = True
            return b"", b""
        word = int.from_bytes(self._held[:4], "little")
        if self._legacy and (word in (FRAME, LEGACY) or word in _SKIPPABLE):
            self.ended = True
            return b"", bytes(self._held)
        if word == 0 and not self._legacy:
            length = 4 + 4 * self._total_sum
            if len(self._held) < length:
                self.hungry = True
                return b"", b""
            self.ended = True
            return b"", bytes(self._held[length:])
        stored = bool(word >> 31) and not self._legacy
        size = word & 0x7FFFFFFF if not self._legacy else word
        if size > self._block + self._block // 200 + 64:
            raise ArtifactError("an LZ4 block is larger than its frame allows")
        if len(self._held) < 4 + size + 4 * self._sums:
            self.hungry = True
            return b"", b""
        data = bytes(self._held[4 : 4 + size])
        del self._held[: 4 + size + 4 * self._sums]
        out = data if stored else lz4_block(data, self._block, self._history)
        if self._linked:
            self._history = (self._history + out)[-_HISTORY:]
        return out, b""
