# SPDX-License-Identifier: Apache-2.0
"""License names as the two standards want them: listed ids, expressions, or names of their own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from steelyard.kernel.license import LicenseSummary

if TYPE_CHECKING:
    from license_expression import Licensing

_LICENSE_REF = r"(DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+"
_MAX_EXPRESSION = 2_000
"""Longest text that is tried as an expression; card and package fields are far shorter."""


def prepare() -> None:
    """Load the SPDX license list."""
    _licensing()


def entries(terms: LicenseSummary, *, mixed: bool) -> list[dict[str, Any]]:
    """Return the ``licenses`` of CycloneDX: what the evidence supports, then what is declared.

    ``mixed`` says whether an expression may stand beside other licenses; CycloneDX 1.6 allows one
    expression or a list of licenses, never both, and the conclusion is the one that is kept.
    """
    concluded = _concluded(terms)
    if not terms.declared or (concluded and "expression" in concluded[0] and not mixed):
        return concluded
    return [*concluded, entry(terms.declared, "declared")]


def _concluded(terms: LicenseSummary) -> list[dict[str, Any]]:
    if not terms.expression:
        return []
    parsed = spdx(terms.expression)
    if parsed is not None and not parsed[1]:
        return [{"expression": parsed[0], "acknowledgement": "concluded"}]
    return [entry(terms.expression, "concluded")]


def observed(terms: LicenseSummary) -> list[dict[str, Any]]:
    """Return each license found in a text or declared, once, as evidence."""
    named = [match.spdx or match.key for match in terms.detected]
    licenses = [entry(name, "concluded") for name in dict.fromkeys(named) if name]
    if terms.declared:
        licenses.append(entry(terms.declared, "declared"))
    return licenses


def entry(name: str, acknowledgement: str) -> dict[str, Any]:
    """Return one CycloneDX license: by id if it is on the SPDX list, by name if not."""
    parsed = spdx(name)
    key, value = ("id", parsed[0]) if parsed and parsed[1] else ("name", name)
    return {"license": {key: value, "acknowledgement": acknowledgement}}


def declared_expression(terms: LicenseSummary) -> str | None:
    """Return what was declared as an SPDX expression; None where nothing was declared."""
    if not terms.declared:
        return None
    known = next(
        (item.spdx for item in terms.declarations if item.raw == terms.declared and item.spdx), ""
    )
    return as_expression(known or terms.declared)


def as_expression(name: str) -> str:
    """Return ``name`` as an SPDX expression; what is none becomes a ``LicenseRef`` of its own.

    The reference keeps the readable part of the name and, where that is not all of it, a digest
    that tells two such names apart.
    """
    parsed = spdx(name)
    if parsed is not None:
        return parsed[0]
    readable = re.sub(r"[^A-Za-z0-9.-]+", "-", name).strip("-.")[:60]
    if readable == name:
        return f"LicenseRef-declared-{readable}"
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"LicenseRef-declared-{readable}-{digest}" if readable else f"LicenseRef-{digest}"


def spdx(expression: str) -> tuple[str, bool] | None:
    """Return the normalized SPDX expression and whether it is one listed id; None if neither."""
    from license_expression import ExpressionError

    if len(expression) > _MAX_EXPRESSION:
        return None
    licensing = _licensing()
    try:
        parsed = licensing.parse(expression)
    except (ExpressionError, ValueError, RecursionError):
        return None
    if parsed is None:
        return None
    keys: Iterable[str] = licensing.unknown_license_keys(parsed)
    if any(not re.fullmatch(_LICENSE_REF, key) for key in keys):
        return None
    text = str(parsed)
    return text, text in licensing.known_symbols and not text.startswith("LicenseRef-")


@lru_cache(maxsize=1)
def _licensing() -> Licensing:
    """Return the SPDX list; reading it takes longer than all the rest of a document."""
    from license_expression import get_spdx_licensing

    return get_spdx_licensing()
