# SPDX-License-Identifier: Apache-2.0
"""Bytes of a paper → text, in whatever encoding its author saved it.

A byte order mark stays as one character, so offsets are the same whether or not a reader drops it
from the bytes. What fits no encoding is read with replacement characters: it is then no known text.
"""

from __future__ import annotations

import codecs

_SAMPLE = 4096
_WIDE_SHARE = 0.3


def decode(data: bytes) -> str:
    """Return the text of ``data``: UTF-8, UTF-16 and UTF-32 by their marks or their zeros, GBK
    where its two-byte pattern shows, else Windows-1252. Never raises."""
    for mark, encoding in (
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    sample = data[:_SAMPLE]
    if b"\0" in sample:
        return data.decode(_of_zeros(sample), "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        # Cut inside a character, or a few broken ones in a text that is UTF-8 elsewhere.
        if error.start >= len(data) - 3 or _is_mostly_utf8(data):
            return data.decode("utf-8", "replace")
    return data.decode(_of_high_bytes(data), "replace")


def _of_zeros(sample: bytes) -> str:
    """Return the encoding in which every second byte of Latin text is zero."""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if odd > _WIDE_SHARE * len(sample) / 2 and odd > 4 * even:
        return "utf-16-le"
    if even > _WIDE_SHARE * len(sample) / 2 and even > 4 * odd:
        return "utf-16-be"
    return "utf-8"


def _is_mostly_utf8(data: bytes) -> bool:
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    foreign = sum(char > "\x7f" for char in text) - broken
    return foreign > 4 * broken


def _of_high_bytes(data: bytes) -> str:
    """Tell GBK, whose characters beyond ASCII come in pairs, from a Western text's single ones."""
    runs = lone = 0
    at = 0
    while at < len(data):
        if data[at] < 0x80:
            at += 1
            continue
        end = at
        while end < len(data) and data[end] >= 0x80:
            end += 1
        if (end - at) % 2 == 0:
            runs += end - at
        else:
            lone += 1
        at = end
    if runs > 4 * lone:
        try:
            data.decode("gb18030")
        except UnicodeDecodeError:
            return "cp1252"
        return "gb18030"
    return "cp1252"
