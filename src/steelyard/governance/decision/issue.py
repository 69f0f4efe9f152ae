# SPDX-License-Identifier: Apache-2.0
"""Makes a decision in two steps: sign and keep its documents, then entry of the ledger and row.

Documents are rendered, signed and kept by digest before the transaction, which holds locks others
wait for; files that no decision came to name do no harm. The ledger entry holds digests only. The
ordinary event ``decision.made`` beside it names what it is about and who signed off, by pseudonym.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Protocol, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from steelyard.governance.decision import condition_clock, queries
from steelyard.governance.decision.facts import PASSING, DecisionView, Ruling, Term, check_move
from steelyard.governance.decision.marks import mark_revision
from steelyard.governance.decision.tables import ConditionRow, DecisionRow
from steelyard.governance.intake import service as intake
from steelyard.governance.inventory import queries as inventory
from steelyard.governance.use_cases.tables import UseCaseRow
from steelyard.kernel.actor import SYSTEM, Actor
from steelyard.kernel.assessment import Assessment, Condition, Decision
from steelyard.kernel.errors import ConflictError, InputError
from steelyard.kernel.event import Event
from steelyard.ledger.bundle import ASSESSMENT, CHARTER, MANIFEST
from steelyard.ledger.canonical import canonical
from steelyard.ledger.evidence import Sealed, seal
from steelyard.ledger.signing import NoteKey, Signer
from steelyard.platform.blobs.store import Blobs
from steelyard.platform.log.keyring import Keys
from steelyard.platform.log.state import present_key
from steelyard.platform.log.statements import record_statement
from steelyard.platform.work import Work

T = TypeVar("T")
REPORT, SIGN_OFFS = "report.html", "sign-offs.json"
DOCUMENT_MOST = 64 * 1024 * 1024
CARRIED = ("bom.cdx.json", "findings.sarif")
"""Documents of the assessment that go into the bundle as they are, where there are any."""


class Place(Protocol):
    """The part of a house that decisions are signed with."""

    @property
    def blobs(self) -> Blobs:
        """Files by digest."""
        ...

    @property
    def keys(self) -> Keys:
        """The keys that sign."""
        ...

    def transact(self, act: Callable[[Work], T], *, trace: str = "") -> T:
        """Run ``act`` in one transaction."""
        ...


class Prepared(Struct, frozen=True, kw_only=True):
    """A decision that is signed and whose files are kept; it counts once it is made."""

    judged: Assessment
    """With the decision in its last form."""
    sealed: Sealed
    documents: dict[str, str]
    """Every file of the evidence, name → digest."""
    key: str
    """The key that signed, as the ledger names it."""


def prepare(place: Place, ruling: Ruling) -> Prepared:
    """Sign the decision that ``ruling`` describes and keep its files, outside of any transaction.

    What it says of the adoption is looked at again when it is made.

    Raises:
        ConflictError: the use case has ended.
        InputError: the outcome decides nothing, or a document is not the one that was judged.
        UnavailableError: this host cannot sign.
    """

    def basis(work: Work) -> tuple[Assessment, Signer, NoteKey, dt.datetime]:
        judged = _final(ruling, _last_day(ruling, _case(work, ruling), work.today))
        return judged, *present_key(work.session, place.keys, work.now), work.now

    judged, signer, key, now = place.transact(basis)
    sealed = _sealed(ruling, judged, place.blobs, signer, key, now)
    documents = {name: place.blobs.put_bytes(data) for name, data in sealed.files.items()}
    return Prepared(judged=judged, sealed=sealed, documents=documents, key=key.text)


def decide(
    work: Work, actor: Actor, ruling: Ruling, prepared: Prepared, *, keys: Keys
) -> DecisionView:
    """Make the decision that was prepared for ``ruling``; it supersedes the one before it.

    Raises:
        ConflictError: the request or the use case is not in the state for it, or something it
            rests on has changed since it was prepared.
        InputError: the outcome decides nothing.
        UnavailableError: this host cannot sign.
    """
    session, judged, sealed = work.session, prepared.judged, prepared.sealed
    revision = inventory.revision_row(session, SYSTEM, ruling.revision, lock=True)
    case = _case(work, ruling)
    _check_prepared(work, ruling, prepared, case, keys)
    if judged.subject.manifest_sha256 != revision.manifest_sha256:
        raise ConflictError(
            "The assessment is about other bytes than the revision has.",
            next_step="Assess the revision again.",
            code="decision.other-bytes",
        )
    before = queries.current_of(
        session, ruling.revision, ruling.use_case, judged.environment, lock=True
    )
    entry = record_statement(work, sealed.entry)
    session.flush()
    row = _row(work, ruling, judged, case.unit, prepared.documents, entry.seq)
    if before is not None:
        _supersede(work, before, row)
    session.add(row)
    conditions = _lay_down(work, row, ruling, judged, case.owner)
    session.flush()
    for each in conditions:
        condition_clock.wind(work, each)
    terms = [each.id for each in conditions]
    work.record(actor, _made(row, ruling, judged, sealed, terms))
    intake.mark(
        work,
        SYSTEM,
        ruling.request,
        "approved" if ruling.outcome in PASSING else "rejected",
        decision=row.id,
    )
    mark_revision(work, ruling.revision)
    return queries.view(session, row)


def _case(work: Work, ruling: Ruling) -> UseCaseRow:
    case = work.session.get(UseCaseRow, ruling.use_case)
    if case is None:
        raise InputError(f"There is no use case {ruling.use_case!r}.", code="use-case.missing")
    return case


def _check_prepared(
    work: Work, ruling: Ruling, prepared: Prepared, case: UseCaseRow, keys: Keys
) -> None:
    """Refuse to make what would be signed otherwise now."""
    _, key = present_key(work.session, keys, work.now)
    now = _final(ruling, _last_day(ruling, case, work.today))
    if key.text != prepared.key or now != prepared.judged:
        raise ConflictError(
            "What the decision rests on has changed since it was signed.",
            next_step="It is signed again by itself.",
            code="decision.basis-changed",
        )


def _last_day(ruling: Ruling, case: UseCaseRow, today: dt.date) -> dt.date | None:
    """Return until when an approval holds: never beyond the use case."""
    if ruling.outcome not in PASSING:
        return None
    if case.state != "active" or case.expires < today:
        raise ConflictError(
            f"The use case {case.name!r} has ended; nothing can be approved for it.",
            next_step="Renew the use case first.",
            code="use-case.ended",
        )
    said = ruling.judged.decision.valid_until
    wanted = ruling.valid_until or (dt.date.fromisoformat(said) if said else None)
    last = min(case.expires, wanted) if wanted else case.expires
    if last < today:
        raise ConflictError(
            f"The approval would have ended on {last}.",
            next_step="Assess the request again.",
            code="decision.over",
        )
    return last


def _final(ruling: Ruling, last: dt.date | None) -> Assessment:
    """Return the assessment with the decision in its last form."""
    judged = ruling.judged
    passes = ruling.outcome in PASSING
    if not passes and ruling.outcome.value != "rejected":
        raise InputError(
            f"{ruling.outcome.value!r} decides nothing.",
            next_step="Decide on approved, approved_with_conditions or rejected.",
            code="decision.outcome",
        )
    own = [Condition(rule=term.rule or "sign-off", text=term.text) for term in ruling.terms]
    conditions = (*judged.decision.conditions, *own) if passes else ()
    outcome = ruling.outcome
    if passes:
        outcome = PASSING[1] if conditions else PASSING[0]
    decision = Decision(
        outcome=outcome,
        reasons=judged.decision.reasons,
        conditions=conditions,
        valid_until=last.isoformat() if last else None,
    )
    return replace(judged, decision=decision)


def _sealed(
    ruling: Ruling,
    judged: Assessment,
    blobs: Blobs,
    signer: Signer,
    key: NoteKey,
    now: dt.datetime,
) -> Sealed:
    """Sign the decision over its documents."""
    from steelyard.reporting.html import render_html
    from steelyard.reporting.json_document import assessment_json

    kept = {
        name: blobs.read(ruling.documents[name], most=DOCUMENT_MOST)
        for name in (MANIFEST, *CARRIED)
        if name in ruling.documents
    }
    if MANIFEST not in kept:
        raise InputError("The assessment has no manifest.", code="bundle.incomplete")
    documents = {
        **kept,
        CHARTER: ruling.charter,
        ASSESSMENT: assessment_json(judged, pretty=True),
        REPORT: render_html(judged),
        SIGN_OFFS: canonical(msgspec.to_builtins(ruling.sign_offs)),
    }
    return seal(
        judged,
        documents,
        signer,
        key,
        recorded_at=now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        decided_by=ruling.decided_by,
    )


def _row(
    work: Work,
    ruling: Ruling,
    judged: Assessment,
    unit: str,
    documents: dict[str, str],
    entry: int,
) -> DecisionRow:
    decision = judged.decision
    return DecisionRow(
        id=work.id("dec"),
        request=ruling.request,
        assessment=ruling.assessment,
        revision=ruling.revision,
        purl=judged.subject.purl,
        manifest_sha256=judged.subject.manifest_sha256,
        use_case=ruling.use_case,
        environment=judged.environment,
        unit=unit,
        outcome=decision.outcome.value,
        reasons=[reason.rule for reason in decision.reasons],
        tier=judged.risk.tier,
        track=judged.review.track,
        charter_sha256=judged.charter.sha256,
        decided_by=ruling.decided_by,
        decided_at=work.now,
        valid_until=dt.date.fromisoformat(decision.valid_until) if decision.valid_until else None,
        state="in force",
        why="",
        current=True,
        supersedes="",
        superseded_by="",
        documents=documents,
        entry=entry,
        updated_at=work.now,
        version=1,
    )


def _supersede(work: Work, before: DecisionRow, row: DecisionRow) -> None:
    check_move(before.state, "superseded")
    was = before.state
    before.state, before.current, before.superseded_by = "superseded", False, row.id
    before.updated_at, before.version = work.now, before.version + 1
    condition_clock.stop_of(work, before.id)
    row.supersedes = before.id
    work.session.flush()  # at no moment are two of them the current one
    work.record(
        SYSTEM,
        Event(
            type="decision.superseded",
            subject=before.id,
            about=row.id,
            details={"before": was, "version": before.version},
        ),
    )


def _lay_down(
    work: Work, row: DecisionRow, ruling: Ruling, judged: Assessment, owner: str
) -> list[ConditionRow]:
    """Add the conditions as rows of their own."""
    own = {term.text: term for term in ruling.terms}
    made = []
    for condition in judged.decision.conditions:
        term = own.get(condition.text, Term(text=condition.text, rule=condition.rule))
        made.append(
            ConditionRow(
                id=work.id("con"),
                decision=row.id,
                unit=row.unit,
                rule=condition.rule[:200],
                text=condition.text,
                owner=term.owner or owner,
                due=term.due,
                state="open",
                evidence="",
                note="",
                fulfilled_by="",
                fulfilled_at=None,
                confirmed_by="",
                confirmed_at=None,
                waived_by="",
                updated_at=work.now,
                version=1,
            )
        )
    work.session.add_all(made)
    return made


def _made(
    row: DecisionRow, ruling: Ruling, judged: Assessment, sealed: Sealed, terms: list[str]
) -> Event:
    return Event(
        type="decision.made",
        subject=row.id,
        about=row.request,
        details={
            "assessment": row.assessment,
            "revision": row.revision,
            "use_case": row.use_case,
            "environment": row.environment,
            "outcome": row.outcome,
            "tier": row.tier,
            "track": row.track,
            "charter_sha256": row.charter_sha256,
            "manifest_sha256": row.manifest_sha256,
            "decision_sha256": sealed.entry.decision_sha256,
            "valid_until": judged.decision.valid_until,
            "decided_by": row.decided_by,
            "supersedes": row.supersedes,
            "conditions": terms,
            "sign_offs": [
                {"role": one.role, "actor": one.actor, "answer": one.answer}
                for one in ruling.sign_offs
            ],
        },
        body={
            "reasons": [reason.message for reason in judged.decision.reasons],
            "conditions": [condition.text for condition in judged.decision.conditions],
        },
    )
