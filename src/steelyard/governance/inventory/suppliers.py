# SPDX-License-Identifier: Apache-2.0
"""Suppliers: what they promised, until when, and how we leave if they stop keeping it."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct

from steelyard.kernel.digest import is_sha256, sha256_hex
from steelyard.kernel.errors import FieldErrors

SupplierKind = Literal["publisher", "vendor", "integrator", "foundation", "internal"]
Support = Literal["none", "community", "commercial", "internal", "ended"]
SupplierState = Literal["active", "ended"]
Trigger = Literal["license", "support", "contract-ending", "exit-test-due"]
T = TypeVar("T")
CONTRACT_DAYS, EXIT_DAYS = 90, 30
"""How long before a contract ends, or an exit test is due, somebody is told."""
SUPPORT_ORDER: tuple[Support, ...] = ("ended", "none", "community", "internal", "commercial")
"""Least support first."""


class Commitment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing a supplier promised."""

    what: str
    within: str = ""
    """How fast, such as ``5 days``."""
    until: dt.date | None = None


class Terms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is agreed with a supplier."""

    commitments: tuple[Commitment, ...] = ()
    contract: str = ""
    """Reference of the contract in whatever system holds it."""
    contract_ends: dt.date | None = None
    security_contact: str = ""
    disclosures: tuple[str, ...] = ()
    """Where or what it discloses: advisories, model cards, training summaries."""


class ExitPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How we leave: the plan is named by its digest, so that a test proves *that* plan."""

    sha256: str
    substitute: str
    """What takes the supplier's place, such as a model of the inventory."""
    owner: str
    text: str = ""
    tested_on: dt.date | None = None
    tested_sha256: str = ""
    """Digest of the plan that was tested."""
    test_due: dt.date | None = None


class SupplierView(Struct, frozen=True, kw_only=True):
    """A supplier as it is shown."""

    id: str
    name: str
    kind: SupplierKind
    support: Support
    state: SupplierState
    terms: Terms
    exit_plan: ExitPlan | None
    created_at: dt.datetime
    updated_at: dt.datetime
    version: int


def read_terms(given: dict[str, Any]) -> Terms:
    """Return the terms in ``given``.

    Raises:
        FieldErrors: a field is wrong.
    """
    return _convert(given, Terms, "terms")


def read_exit_plan(given: dict[str, Any], before: ExitPlan | None) -> ExitPlan:
    """Return the exit plan in ``given``: a text, or the digest of one kept elsewhere.

    Tests of an earlier plan stay on record, with the digest of the plan they proved.

    Raises:
        FieldErrors: there is neither text nor digest, or a field is wrong.
    """
    text, stated = str(given.get("text") or ""), str(given.get("sha256") or "")
    if text:
        stated = sha256_hex(text.encode())
    if not is_sha256(stated):
        raise FieldErrors([("exit_plan.sha256", "Give the plan's text, or its SHA-256.")])
    kept = {} if before is None else {
        "tested_on": before.tested_on, "tested_sha256": before.tested_sha256,
        "test_due": before.test_due,
    }  # fmt: skip
    plan = _convert({**kept, **given, "sha256": stated, "text": text}, ExitPlan, "exit_plan")
    if not plan.substitute.strip() or not plan.owner.strip():
        raise FieldErrors([("exit_plan", "A plan names a substitute and an owner.")])
    return plan


def less_support(before: Support, after: Support) -> bool:
    """Tell whether support became less."""
    return SUPPORT_ORDER.index(after) < SUPPORT_ORDER.index(before)


def _convert(given: dict[str, Any], kind: type[T], field: str) -> T:
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise FieldErrors([(field, f"{error}.")]) from error
