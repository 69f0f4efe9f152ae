# SPDX-License-Identifier: Apache-2.0
"""``steelyard charter adopt-proposal``: bring a proposal everybody agreed to into force."""

from __future__ import annotations

from steelyard.cli.remote.make import given, verb

command = verb(
    "adopt-proposal",
    "/charters/proposals/{id}/adopt",
    given,
    help="Adopt a proposal on a server once everybody needed has agreed.",
    of="/charters/proposals/{id}",
    argument="PROPOSAL",
    done="Adopted.",
)
