# SPDX-License-Identifier: Apache-2.0
"""Where the page of a thing is, by the beginning of its id."""

from __future__ import annotations

from typing import Final

PLACES: Final = {
    "act": "/actions/{}",
    "ass": "/assessments/{}",
    "clk": "/clocks/{}",
    "dec": "/decisions/{}",
    "dlg": "/delegations",
    "emg": "/emergencies/{}",
    "evd": "/evidence/{}",
    "exc": "/exceptions/{}",
    "mdl": "/models/{}",
    "ntc": "/notifications",
    "prp": "/charter/proposals/{}",
    "req": "/requests/{}",
    "rev": "/revisions/{}",
    "rob": "/admin/robots/{}",
    "rsk": "/risks/{}",
    "rvw": "/reviews/{}",
    "ses": "/account",
    "sup": "/suppliers/{}",
    "tok": "/account/tokens",
    "trn": "/account",
    "uc": "/use-cases/{}",
    "usr": "/admin/people/{}",
    "whk": "/admin/webhooks/{}",
}
"""Beginning of an id → address of the page of such a thing."""


def place_of(thing: str, about: str = "") -> str:
    """Return the address of a thing's page; of what it belongs to if it has none; else nothing."""
    for each in (thing, about):
        pattern = PLACES.get(each.partition("_")[0]) if "_" in each else None
        if pattern is not None:
            return pattern.format(each)
    return ""
