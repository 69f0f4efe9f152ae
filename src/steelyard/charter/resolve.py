# SPDX-License-Identifier: Apache-2.0
"""The resolved charter as bytes: its one spelling, the digest that names it, and the way back."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from steelyard.catalog.edition import catalog_sha256
from steelyard.charter.schema import (
    Charter,
    ControlRule,
    Dimension,
    ExceptionTerms,
    ReviewPlan,
    RiskSection,
    TrackRule,
)
from steelyard.kernel.assessment import CharterIdentity, ControlTask
from steelyard.kernel.digest import sha256_hex
from steelyard.kernel.errors import InputError

LATER: dict[type[Struct], frozenset[str]] = {
    Charter: frozenset(
        {
            "scanner", "until", "packs", "objectives", "scope", "stakeholders", "terms",
            "standing_approvals", "release", "gates", "roles", "committees", "decision_rights",
            "responsibilities", "remediation",
        }
    ),
    RiskSection: frozenset({"tolerance"}),
    Dimension: frozenset({"about", "scale"}),
    TrackRule: frozenset({"steps", "escalate_after", "remind"}),
    ReviewPlan: frozenset({"by", "last"}),
    ExceptionTerms: frozenset({"longest_for", "never_for", "committee", "needs"}),
    ControlRule: frozenset({"stage", "objective", "evidence_types"}),
    ControlTask: frozenset({"fact", "evidence", "state"}),
}  # fmt: skip
"""Fields that came after the first version, by the struct they are in.

One that has its default is left out, so a charter that does not use it keeps its digest.
"""


def resolved_json(charter: Charter) -> bytes:
    """Return the canonical JSON (RFC 8785) of a resolved charter."""
    import rfc8785

    document: Any = msgspec.to_builtins(_spelled(charter))
    return rfc8785.dumps(document)


def _spelled(value: Any) -> Any:
    """Return ``value`` with structs as mappings, later fields with their default left out."""
    if isinstance(value, Struct):
        later = LATER.get(type(value), frozenset())
        found = {}
        for field in msgspec.structs.fields(value):
            held = getattr(value, field.name)
            if field.name in later and held == _default(field):
                continue
            found[field.encode_name] = _spelled(held)
        return found
    if isinstance(value, dict):
        return {key: _spelled(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_spelled(item) for item in value]
    return value


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default is not msgspec.NODEFAULT:
        return field.default
    return None if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def charter_sha256(charter: Charter) -> str:
    """Return the digest that names a charter: SHA-256 of :func:`resolved_json`."""
    return sha256_hex(resolved_json(charter))


def identity_of(charter: Charter) -> CharterIdentity:
    """Return how an assessment names a charter, with the catalog and frameworks it was read with.

    Everything the charter took from the catalog is inside it; this says which edition that was.
    """
    cited = [*charter.references, *(one for rule in charter.controls for one in rule.frameworks)]
    return CharterIdentity(
        name=charter.name,
        version=charter.version,
        sha256=charter_sha256(charter),
        catalog=catalog_sha256(),
        frameworks=dict(
            sorted((one.id.partition(":")[0], one.framework) for one in cited if one.framework)
        ),
    )


def from_resolved(data: bytes) -> Charter:
    """Return the charter whose canonical JSON is ``data``, such as a bundle's ``charter.json``.

    Raises:
        InputError: ``data`` is not a resolved charter of a version known here.
    """
    try:
        return msgspec.json.decode(data, type=Charter)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise InputError(
            f"This is not a resolved charter: {error}.",
            next_step="Give charter.json of an evidence bundle, unchanged.",
            code="charter.resolved",
        ) from error
