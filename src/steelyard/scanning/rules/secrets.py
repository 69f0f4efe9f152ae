# SPDX-License-Identifier: Apache-2.0
"""Finds credentials that were published by mistake. A secret is never repeated in full."""

from __future__ import annotations

import math
import re
from collections import Counter

from steelyard.kernel.finding import Severity
from steelyard.scanning.interface import Context, Examination

_PATTERNS: tuple[tuple[str, str], ...] = (
    ("private key", r"-----BEGIN (?:[A-Z]{2,10} )?PRIVATE KEY-----"),
    ("AWS access key", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    ("GitHub token", r"\b(?:gh[pousr]_[0-9A-Za-z]{36}|github_pat_[0-9A-Za-z_]{60,90})\b"),
    ("Hugging Face token", r"\bhf_[A-Za-z]{34}\b"),
    ("OpenAI key", r"\bsk-(?:proj-)?[0-9A-Za-z_-]{32,160}\b"),
    ("Slack token", r"\bxox[abprs]-[0-9A-Za-z-]{20,120}\b"),
    ("Google API key", r"\bAIza[0-9A-Za-z_-]{35}\b"),
    ("Stripe key", r"\b[sr]k_live_[0-9A-Za-z]{20,60}\b"),
    ("PyPI token", r"\bpypi-AgE[0-9A-Za-z_-]{50,200}\b"),
)
_ANY = re.compile("|".join(f"(?P<p{index}>{text})" for index, (_, text) in enumerate(_PATTERNS)))
_HINT = re.compile(rb"PRIVATE KEY-----|AKIA|ASIA|gh[pousr]_|github_pat_|\bhf_|\bsk-|xox[abprs]-|"
                   rb"AIza|k_live_|pypi-AgE")  # fmt: skip
_MOST = 20


def find_secrets(context: Context, data: bytes, into: Examination) -> None:
    """Add a finding for every credential in ``data``; one cheap search when there is none."""
    if _HINT.search(data) is None:
        return
    text = data.decode("utf-8", "replace")
    for count, found in enumerate(_ANY.finditer(text)):
        if count >= _MOST:
            return
        kind = _PATTERNS[int((found.lastgroup or "p0")[1:])][0]
        secret = found[0]
        if kind != "private key" and _entropy(secret) < 3.0:
            continue
        line = text.count("\n", 0, found.start()) + 1
        into.add(
            "secret.private-key" if kind == "private key" else "secret.token",
            Severity.HIGH,
            f"The file holds what looks like a {kind}.",
            location=context.at(f"line {line}"),
            evidence=f"{secret[:4]}… ({len(secret)} characters)",
            remedy="Tell its owner to revoke it; do not use it.",
        )


def _entropy(text: str) -> float:
    """Bits of Shannon entropy per character: placeholders such as ``xxxx`` have little."""
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())
