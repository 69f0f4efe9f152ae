# SPDX-License-Identifier: Apache-2.0
"""Texts in a model's metadata that are no description: code, a pickle, long encoded data."""

from __future__ import annotations

import re
from collections.abc import Mapping

from steelyard.kernel.finding import Severity
from steelyard.scanning.interface import Context, Examination

_PAYLOAD = re.compile(
    r"[A-Za-z0-9+/]{400,}={0,2}|\A\x80[\x02-\x05]|__import__|\bos\.system\b|\bsubprocess\b"
    r"|\beval\(|\bexec\(|<script|powershell",
    re.IGNORECASE,
)


def judge_metadata(
    context: Context, metadata: Mapping[str, str], rule: str, place: str, into: Examination
) -> None:
    """Report every entry of ``metadata`` that holds a payload, as ``rule``."""
    for key, value in metadata.items():
        found = _PAYLOAD.search(value)
        if found:
            into.add(
                rule,
                Severity.MEDIUM,
                f"The metadata entry {key[:80]!r} holds something that is not a description.",
                location=context.at(place),
                evidence=found[0][:80],
                remedy="Read the entry; ask the publisher what it is for.",
            )
