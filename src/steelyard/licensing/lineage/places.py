# SPDX-License-Identifier: Apache-2.0
"""Where somebody is established, against the places a license leaves out."""

from __future__ import annotations

import re

EU_MEMBERS = frozenset(
    [
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
        "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
    ]
)  # fmt: skip
"""The 27 member states by ISO 3166 code.

Source: Publications Office of the European Union, Interinstitutional style guide, 7.1.1 (country
codes; Greece is ``GR`` in ISO 3166, ``EL`` there). As of 2026-11-27.
"""

_CODES = {"EL": "GR", "UK": "GB"}
_EUROPE = frozenset({"EU", "EUROPEAN UNION"})
_WORD = re.compile(r"[,;/&]|\band\b")


def inside(establishment: str | None, places: tuple[str, ...]) -> bool | None:
    """Tell whether any of the establishments lies in ``places``; None when one is not understood.

    Codes are ISO 3166 country codes and ``EU``; ``UK`` and ``EL`` are understood as well.
    """
    if not establishment or not establishment.strip():
        return None
    out = {_CODES.get(place, place) for place in places}
    answers = [_one(part.strip(), out) for part in _WORD.split(establishment) if part.strip()]
    if any(answers):
        return True
    return None if None in answers or not answers else False


def _one(written: str, out: set[str]) -> bool | None:
    code = written.upper()
    code = _CODES.get(code, code)
    if code in _EUROPE:
        # Somewhere in the Union: inside when the Union is named, open when only a member is.
        return True if "EU" in out else (None if out & EU_MEMBERS else False)
    if not re.fullmatch(r"[A-Z]{2}", code):
        return None
    return code in out or (code in EU_MEMBERS and "EU" in out)
