# SPDX-License-Identifier: Apache-2.0
"""Streams one tensor once and keeps what can be said of it: its print, and what is odd about it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from steelyard.artifacts.safetensors import TensorInfo
from steelyard.artifacts.source import Source
from steelyard.kernel.errors import TruncatedArtifact
from steelyard.kernel.limits import MIB
from steelyard.kernel.weights import TensorPrint
from steelyard.scanning.weights import planes
from steelyard.scanning.weights.hidden import changes_character, find_payload, windows_of

_BLOCK = 4 * MIB
_PAYLOAD_LEAST = 512
"""Numbers below which a tensor is too small to hide a file's beginning in."""
_WINDOWED_LEAST = 65_536
_WINDOWS = 8


@dataclass(slots=True)
class Observed:
    """One tensor after it was streamed."""

    print: TensorPrint
    elements: int
    nonfinite: int = 0
    rounded: int = 0
    """Numbers whose lower half is zero."""
    constant: bool = False
    zero: bool = False
    payload: tuple[str, str] | None = None
    """What kind of file begins in which plane."""
    mixed: bool = False
    """Whether its low bytes change from noise to something with structure."""
    windows: list[tuple[bytes, bytes]] = field(default_factory=list)


def observe(source: Source, info: TensorInfo, start: int) -> Observed:
    """Return what one pass over the tensor at byte ``start`` of ``source`` shows.

    Raises:
        TruncatedArtifact: the file ends before the tensor does.
    """
    size = info.end - info.start
    width = planes.WIDTHS.get(info.dtype, 0)
    stream = _Pass(info, width, size)
    for at in range(0, size, _BLOCK):
        data = source.read_at(start + at, min(_BLOCK, size - at))
        if len(data) < min(_BLOCK, size - at):
            raise TruncatedArtifact("The file ends inside a tensor.", offset=start + at)
        stream.take(data, at)
    return stream.result()


class _Pass:
    def __init__(self, info: TensorInfo, width: int, size: int) -> None:
        self._info, self._width = info, width
        self._whole, self._upper = hashlib.sha256(), hashlib.sha256()
        self._tops = bytearray()
        self._first = b""
        self._seen = Observed(
            print=TensorPrint(name=info.name, dtype=info.dtype, shape=info.shape, sha256=""),
            elements=info.elements,
            constant=size > 0,
        )
        self._step = max(1, info.elements // planes.SKETCH)
        self._window_step = max(1, info.elements // _WINDOWS)

    def take(self, data: bytes, at: int) -> None:
        """Take the next block, which begins at byte ``at`` of the tensor."""
        seen, width = self._seen, self._width
        self._whole.update(data)
        unit = width or 1
        if at == 0:
            self._first = data[:unit]
        if seen.constant:
            repeated = data[:4096] == self._first * (len(data[:4096]) // unit)
            seen.constant = repeated and data == self._first * (len(data) // unit)
        if not width:
            return
        self._upper.update(planes.upper(data, width))
        seen.nonfinite += planes.nonfinite(data, self._info.dtype)
        if width > 2:
            seen.rounded += planes.rounded(data, width)
        first = at // width
        offset = -first % self._step
        self._tops += data[offset * width + width - 1 :: width * self._step]
        if at == 0 and seen.elements >= _PAYLOAD_LEAST:
            seen.payload = find_payload(data, self._info.dtype)
        if seen.elements >= _WINDOWED_LEAST:
            self._take_windows(data, first)

    def _take_windows(self, data: bytes, first: int) -> None:
        width, step = self._width, self._window_step
        for number in range(-first % step, len(data) // width, step):
            part = data[number * width : (number + 2048) * width]
            if len(part) == 2048 * width and len(self._seen.windows) < _WINDOWS:
                self._seen.windows.append(windows_of(part, self._info.dtype))

    def result(self) -> Observed:
        """Return what was seen."""
        seen = self._seen
        seen.zero = seen.constant and not any(self._first)
        seen.mixed = changes_character(seen.windows)
        seen.windows = []
        seen.print = TensorPrint(
            name=self._info.name,
            dtype=self._info.dtype,
            shape=self._info.shape,
            sha256=self._whole.hexdigest(),
            upper_sha256=self._upper.hexdigest() if self._width else "",
            sketch=planes.sketch(bytes(self._tops)) if self._width else "",
        )
        return seen
