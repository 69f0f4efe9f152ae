# SPDX-License-Identifier: Apache-2.0
"""An event: that something changed, told so that it can stand in a ledger for ever.

What must one day be erased (a name, a reason somebody typed) is not in the event but in its *body*,
which is kept beside the ledger. The event holds the digest of the body with a random salt, so that
once body and salt are gone nobody can find out by guessing what they were.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Event(Struct, frozen=True, kw_only=True):
    """One change of state. ``type`` is ``noun.verbed``, such as ``request.submitted``."""

    type: str
    subject: str
    """Id of the thing that changed."""
    about: str = ""
    """Id of the larger thing it belongs to, such as the request of a sign-off."""
    details: dict[str, Any] = {}
    """Ids, digests, states, dates and numbers; never a name or a typed text."""
    body: dict[str, Any] = {}
    """Typed texts and names; kept beside the ledger, erasable."""
