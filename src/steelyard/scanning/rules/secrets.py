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
    ("Anthropic key", r"\bsk-ant-(?:api|admin)\d\d-[0-9A-Za-z_-]{80,120}\b"),
    ("GitLab token", r"\bglpat-[0-9A-Za-z_-]{20,60}\b"),
    ("npm token", r"\bnpm_[0-9A-Za-z]{36}\b"),
    ("SendGrid key", r"\bSG\.[0-9A-Za-z_-]{22}\.[0-9A-Za-z_-]{43}\b"),
    ("DigitalOcean token", r"\bdo[opr]_v1_[0-9a-f]{64}\b"),
    ("Databricks token", r"\bdapi[0-9a-f]{32}(?:-\d)?\b"),
    ("Replicate token", r"\br8_[0-9A-Za-z]{37}\b"),
    ("Groq key", r"\bgsk_[0-9A-Za-z]{52}\b"),
    ("Slack webhook", r"https://hooks\.slack\.com/services/T\w{8,12}/B\w{8,12}/\w{24}"),
    ("Discord webhook", r"https://discord(?:app)?\.com/api/webhooks/\d{17,20}/[\w-]{60,80}"),
    ("Telegram bot token", r"api\.telegram\.org/bot\d{8,10}:[\w-]{35}"),
    ("Azure storage key", r"AccountKey=[0-9A-Za-z+/]{86}=="),
)
_ANY = re.compile("|".join(f"(?P<p{index}>{text})" for index, (_, text) in enumerate(_PATTERNS)))
_HINT = re.compile(rb"PRIVATE KEY-----|AKIA|ASIA|gh[pousr]_|github_pat_|\bhf_|\bsk-|xox[abprs]-|"
                   rb"AIza|k_live_|pypi-AgE|glpat-|npm_|\bSG\.|do[opr]_v1_|dapi[0-9a-f]|\br8_|gsk_|hooks\.slack"
                   rb"|api/webhooks/|telegram\.org/bot|AccountKey=")  # fmt: skip
_MOST = 20


def find_secrets(context: Context, data: bytes, into: Examination) -> None:
    """Add a finding for every credential in ``data``; one cheap search when there is none."""
    if _HINT.search(data) is None:
        return
    text = data.decode("utf-8", "replace")
    line, counted = 1, 0
    for count, found in enumerate(_ANY.finditer(text)):
        if count >= _MOST:
            return
        kind = _PATTERNS[int((found.lastgroup or "p0")[1:])][0]
        secret = found[0]
        if kind != "private key" and _entropy(secret) < 3.0:
            continue
        line += text.count("\n", counted, found.start())
        counted = found.start()
        into.add(
            "secret.private-key" if kind == "private key" else "secret.token",
            Severity.HIGH,
            f"The file holds what looks like a {kind}.",
            location=context.at(f"line {line}"),
            evidence=f"{secret[:4]}… ({len(secret)} characters)",
            remedy="Tell its owner to revoke it; do not use it.",
        )


_ASSIGNED = re.compile(
    r"(?im)^[ \t]*(?:export[ \t]+)?(\w{0,60}?(?:TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|ACCESS_?KEY)\w{0,60})[ \t]*="  # noqa: E501
    r"[ \t]*[\"']?([^\s\"'#]{8,500})"
)


def find_assignments(context: Context, text: str, into: Examination) -> None:
    """Add findings for a file of environment variables: that it is one, and what it tells."""
    into.add(
        "secret.environment-file",
        Severity.LOW,
        "A file of environment variables was published with the model.",
        location=context.at(""),
        remedy="Leave it out.",
    )
    for count, found in enumerate(_ASSIGNED.finditer(text)):
        if count >= _MOST:
            return
        if _entropy(found[2]) < 3.0 or found[2].startswith(("$", "<", "your", "{")):
            continue
        into.add(
            "secret.assignment",
            Severity.HIGH,
            f"The variable {found[1][:60]} is set to what looks like a credential.",
            location=context.at(f"line {text.count(chr(10), 0, found.start()) + 1}"),
            evidence=f"{found[2][:2]}… ({len(found[2])} characters)",
            remedy="Tell its owner to revoke it; do not use it.",
        )


def _entropy(text: str) -> float:
    """Bits of Shannon entropy per character: placeholders such as ``xxxx`` have little."""
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())
