# SPDX-License-Identifier: Apache-2.0
"""``steelyard charter proposals``: charters that wait for a vote, on a server."""

from __future__ import annotations

from steelyard.cli.remote.make import listing

command = listing(
    "proposals",
    "/charters/proposals",
    ("id", "state", "name", "version_name", "unit", "proposed_at", "waiting_for"),
    help="List the charters that were proposed to a server, newest first.",
    empty="No charter was proposed.",
    filters=("state",),
)
