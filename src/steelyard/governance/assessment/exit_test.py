# SPDX-License-Identifier: Apache-2.0
"""The verb that records the test of an exit plan, by a proof that is one."""

from __future__ import annotations

import datetime as dt

from steelyard.governance.assessment.evidencing import row_of
from steelyard.governance.assessment.tables import EvidenceRow
from steelyard.governance.inventory import supplying
from steelyard.governance.inventory.suppliers import SupplierView
from steelyard.governance.inventory.tables import ModelRow, RevisionRow
from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import FieldErrors, MissingError
from steelyard.platform.work import Work

KIND = "exit-test-record"
"""The kind of evidence that proves an exit test."""


def record(
    work: Work,
    actor: Actor,
    supplier_id: str,
    expected: int | None,
    *,
    evidence: str,
    next_due: dt.date | None = None,
) -> SupplierView:
    """Record that the exit plan was tested; the proof says on which day.

    Raises:
        MissingError, StaleError
        ConflictError: there is no plan to test.
        FieldErrors: the proof is not there, cannot be seen, is of another kind or about another
            supplier, or is not current; or the next test is not in the future.
    """
    supplier = supplying.supplier_row(work.session, supplier_id, lock=True)
    try:
        proof = row_of(work.session, actor, evidence)
    except MissingError as error:
        raise _wrong(error.message) from error
    if proof.kind != KIND:
        raise _wrong(f"The evidence {proof.id} is a {proof.kind}, not an {KIND}.")
    if not _belongs(work, proof, supplier.id):
        raise _wrong(f"The evidence {proof.id} is not about this supplier.")
    if proof.state != "current" or proof.says != "supports":
        raise _wrong(f"The evidence {proof.id} is {proof.state} and speaks {proof.says} it.")
    return supplying.record_exit_test(
        work, actor, supplier_id, expected, evidence=proof.id, tested_on=proof.effective,
        next_due=next_due,
    )  # fmt: skip


def _belongs(work: Work, proof: EvidenceRow, supplier: str) -> bool:
    """Tell whether a proof is about a supplier, or about a revision of one of its models."""
    if proof.target == supplier:
        return True
    revision = work.session.get(RevisionRow, proof.target)
    model = work.session.get(ModelRow, revision.model) if revision is not None else None
    return model is not None and model.supplier == supplier


def _wrong(said: str) -> FieldErrors:
    return FieldErrors(
        [("evidence", said)],
        next_step=f"Send the record of the test as evidence of the kind {KIND} about the supplier.",
    )
