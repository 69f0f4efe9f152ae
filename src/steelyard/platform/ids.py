# SPDX-License-Identifier: Apache-2.0
"""Ids: a prefix that says what is named, and 26 characters that sort by time.

The characters are a ULID (Crockford base32 of 48 bits of milliseconds and 80 random bits), so that
indexes stay dense and nobody can guess the next one.
"""

from __future__ import annotations

import datetime as dt
import re
import secrets
import threading

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_ID = re.compile(r"\A[a-z]{2,4}_[0-9a-hjkmnp-tv-z]{26}\Z")


_LAST = [0]
_LOCK = threading.Lock()
_STEP = 1 << 40


def new_id(prefix: str, now: dt.datetime) -> str:
    """Return a new id such as ``req_01k…``; ``now`` is in UTC.

    Ids that one process makes in one millisecond are in the order they were made.
    """
    moment = int(now.timestamp() * 1000)
    with _LOCK:
        if _LAST[0] >> 80 == moment:
            number = _LAST[0] + 1 + secrets.randbelow(_STEP)
        else:
            number = (moment << 80) | secrets.randbits(79)  # leaves room for those that follow
        _LAST[0] = number
    letters = []
    for _ in range(26):
        number, digit = divmod(number, 32)
        letters.append(_ALPHABET[digit])
    return f"{prefix}_{''.join(reversed(letters))}"


def is_id(text: str, prefix: str = "") -> bool:
    """Tell whether ``text`` can be an id, of that kind."""
    return bool(_ID.match(text)) and text.startswith(f"{prefix}_" if prefix else "")
