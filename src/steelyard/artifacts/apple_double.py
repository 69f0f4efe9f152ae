# SPDX-License-Identifier: Apache-2.0
"""Walks AppleDouble files (``._name``), which macOS leaves in archives beside the files themselves.

Follows RFC 1740, appendix A: a count of entries, each with an id, an offset and a length.
"""

from __future__ import annotations

import struct

from steelyard.artifacts.source import Source
from steelyard.kernel.errors import ArtifactError, TruncatedArtifact

MAGIC = b"\0\5\x16\7\0\2\0\0"
_ENTRIES_MOST = 64


def apple_double_end(source: Source) -> int:
    """Return the end of the last entry.

    Raises:
        ArtifactError: there are more entries than any real file has.
        TruncatedArtifact: an entry ends behind the file.
    """
    head = source.read_at(0, 26 + 12 * _ENTRIES_MOST)
    count = int.from_bytes(head[24:26], "big")
    if not 0 < count <= _ENTRIES_MOST:
        raise ArtifactError("The file has no proper number of entries.", offset=24)
    if len(head) < 26 + 12 * count:
        raise TruncatedArtifact("The file ends inside its list of entries.", offset=26)
    end = 26 + 12 * count
    for index in range(count):
        _, offset, length = struct.unpack_from(">III", head, 26 + 12 * index)
        end = max(end, offset + length)
    if end > source.size:
        raise TruncatedArtifact("An entry ends behind the file.", offset=26)
    return end
