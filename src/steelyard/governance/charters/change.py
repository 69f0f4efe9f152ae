# SPDX-License-Identifier: Apache-2.0
"""Verbs by which an organization changes its charter: propose, vote, withdraw, adopt.

Who must agree is what the charter in force says about the action ``change-charter``. Whoever
proposes it has no vote. The adoption is signed and stands in the ledger before anything is decided
under the new charter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath

import msgspec
from msgspec import Struct

from steelyard.charter.schema import Charter
from steelyard.governance.charters import queries
from steelyard.governance.charters.facts import ProposalView, voters_of, waiting_for
from steelyard.governance.charters.tables import CharterRow, ProposalRow, ProposalVoteRow
from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import ConflictError, ForbiddenError, InputError
from steelyard.kernel.event import Event
from steelyard.ledger.adoption import Adoption, SealedAdoption
from steelyard.ledger.bundle import CHARTER
from steelyard.platform.log.statements import record_statement
from steelyard.platform.notify.service import tell
from steelyard.platform.versions import check_version
from steelyard.platform.work import Work

Seal = Callable[[Adoption, Mapping[str, bytes]], SealedAdoption]
"""Signs an adoption over its documents, with the key of this server's ledger."""
Store = Callable[[bytes], str]
"""Keeps bytes by their SHA-256 and returns it."""


class Draft(Struct, frozen=True, kw_only=True):
    """The texts of a charter somebody wrote, and the one that stands at the top."""

    file: str
    texts: dict[str, str]
    unit: str = ""
    why: str = ""


def read(draft: Draft) -> tuple[Charter, list[str]]:
    """Return the charter in ``draft`` and warnings.

    Raises:
        DocumentErrors: it has errors, each with file, line and column.
    """
    from steelyard.charter.conflicts import warnings_of
    from steelyard.charter.load import load

    if draft.file not in draft.texts:
        raise InputError(
            f"The text of {draft.file!r} is missing.",
            next_step="Send every file the charter is written in, by name.",
            code="charter.missing",
        )

    def beside(reference: str, named_by: str) -> tuple[str, str]:
        name = str(PurePosixPath(named_by).parent / reference)
        if name not in draft.texts:
            raise InputError(f"The text of {name!r} was not sent.", code="charter.missing")
        return name, draft.texts[name]

    loaded = load(draft.texts[draft.file], draft.file, beside)
    return loaded.charter, [str(warning) for warning in warnings_of(loaded)]


def propose(work: Work, actor: Actor, draft: Draft) -> ProposalView:
    """Put a charter before the people who may change it.

    Raises:
        DocumentErrors: the charter has errors.
        ConflictError: it is in force already, unchanged; or changed without a new version.
    """
    from steelyard.charter.resolve import identity_of, resolved_json

    charter, warnings = read(draft)
    identity = identity_of(charter)
    _check_new(work, charter, identity.sha256, draft.unit)
    row = ProposalRow(
        id=work.id("prp"),
        sha256=identity.sha256,
        name=charter.name,
        version_name=charter.version,
        unit=draft.unit,
        state="open",
        file=draft.file,
        texts=draft.texts,
        canonical=resolved_json(charter),
        warnings=warnings,
        why=draft.why,
        proposed_by=actor.id,
        proposed_at=work.now,
        version=1,
    )
    work.session.add(row)
    work.session.flush()
    work.record(
        actor,
        Event(
            type="charter.proposed",
            subject=row.id,
            details={"charter_sha256": row.sha256, "unit_named": bool(row.unit)},
            body={"why": draft.why, "unit": draft.unit},
        ),
    )
    in_force = queries.current_row(work.session, work.today, row.unit)
    voters = voters_of(queries.policy_of_row(in_force).charter if in_force else None)
    _inform(work, row, "charter.proposed", roles=voters)
    return queries.proposal_view(work.session, row, work.today)


def vote(
    work: Work,
    actor: Actor,
    proposal_id: str,
    *,
    role: str,
    answer: str,
    reason: str,
    expected: int | None,
) -> ProposalView:
    """Say yes or no to a proposal, once, in a role one holds.

    Raises:
        MissingError, StaleError
        ForbiddenError: the actor proposed it, or does not hold the role.
        ConflictError: it is not open, or the actor has voted.
    """
    row = queries.proposal_row(work.session, proposal_id, lock=True)
    _check_open(work, row, expected)
    if row.proposed_by == actor.id:
        raise ForbiddenError(
            "Whoever proposes a charter has no vote on it.",
            next_step="Others who may change the charter vote.",
            code="charter.own-proposal",
        )
    if role not in actor.roles:
        raise ForbiddenError(f"You do not hold the role {role!r}.", code="right.role")
    if work.session.get(ProposalVoteRow, (row.id, actor.id)) is not None:
        raise ConflictError("You have voted on this proposal already.", code="charter.voted")
    work.session.add(
        ProposalVoteRow(
            proposal=row.id,
            person=actor.id,
            role=role,
            answer=answer,
            reason=reason,
            at=work.now,
        )
    )
    row.version += 1
    work.session.flush()
    work.record(
        actor,
        Event(
            type="charter.voted",
            subject=row.id,
            details={"charter_sha256": row.sha256, "role": role, "answer": answer},
            body={"reason": reason},
        ),
    )
    if answer == "no":
        row.state = "rejected"
        work.record(actor, Event(type="charter.rejected", subject=row.id))
    _inform(work, row, "charter.voted", answer=answer)
    return queries.proposal_view(work.session, row, work.today)


def withdraw(work: Work, actor: Actor, proposal_id: str, expected: int | None) -> ProposalView:
    """Take back one's own proposal.

    Raises:
        MissingError, StaleError, ConflictError
        ForbiddenError: somebody else proposed it.
    """
    row = queries.proposal_row(work.session, proposal_id, lock=True)
    _check_open(work, row, expected)
    if row.proposed_by != actor.id:
        raise ForbiddenError("Only who proposed it takes it back.", code="right.owner")
    row.state, row.version = "withdrawn", row.version + 1
    work.record(actor, Event(type="charter.withdrawn", subject=row.id))
    return queries.proposal_view(work.session, row, work.today)


def adopt(
    work: Work,
    actor: Actor,
    proposal_id: str,
    *,
    seal: Seal,
    store: Store,
    expected: int | None = None,
    founding: bool = False,
) -> ProposalView:
    """Adopt a proposal that everybody needed has agreed to.

    ``founding`` is for the first charter of a server, which nobody can have agreed to under
    another; it is refused where a charter is in force.

    Raises:
        MissingError, StaleError
        ConflictError: it is not open, or somebody must still agree.
    """
    row = queries.proposal_row(work.session, proposal_id, lock=True)
    _check_open(work, row, expected)
    view = queries.proposal_view(work.session, row, work.today)
    present = queries.current_row(work.session, work.today, row.unit)
    in_force = queries.policy_of_row(present).charter if present else None
    missing, _ = waiting_for(in_force, view.votes, row.proposed_by)
    if missing and not (founding and present is None):
        raise ConflictError(
            f"The charter cannot be adopted yet: waiting for {'; '.join(missing)}.",
            next_step="They vote at the proposal.",
            code="charter.votes",
        )
    charter, _ = read(Draft(file=row.file, texts=row.texts, unit=row.unit))
    adopted = _adopted(work, row, charter, seal, store, present)
    row.state, row.version = "adopted", row.version + 1
    record_statement(work, adopted.entry)
    work.session.flush()  # the adoption stands before the event that it is in force
    work.record(
        actor,
        Event(
            type="charter.in-force",
            subject=row.id,
            details={"charter_sha256": row.sha256, "effective": charter.effective.isoformat()},
        ),
    )
    voices = [vote.person for vote in view.votes]
    _inform(work, row, "charter.adopted", people=voices, roles=voters_of(charter))
    work.enqueue("charter.changed", {"charter": row.sha256}, key=f"charter.changed:{row.unit}")
    work.session.flush()
    return queries.proposal_view(work.session, row, work.today)


def _inform(
    work: Work,
    row: ProposalRow,
    kind: str,
    *,
    roles: Sequence[str] = (),
    people: Sequence[str] = (),
    **more: str,
) -> None:
    """Tell whoever proposed a charter, and others, what became of it."""
    tell(
        work, kind=kind, subject=row.id, roles=roles, people=[row.proposed_by, *people],
        unit=row.unit, facts={"state": row.state, "sha256": row.sha256, **more},
        words={"charter": f"{row.name} {row.version_name}"},
    )  # fmt: skip


def _adopted(
    work: Work,
    row: ProposalRow,
    charter: Charter,
    seal: Seal,
    store: Store,
    present: CharterRow | None,
) -> SealedAdoption:
    from steelyard.charter.resolve import identity_of, resolved_json

    identity = identity_of(charter)
    if identity.sha256 != row.sha256:
        raise ConflictError(
            "The charter reads differently now than when it was proposed.",
            next_step="A newer catalog changes what it says: propose it again.",
            code="charter.changed",
        )
    documents = {CHARTER: resolved_json(charter)}
    for number, text in enumerate(row.texts.values()):
        documents[f"source-{number}.yaml"] = text.encode()
    adoption = Adoption(
        identity=identity,
        effective=charter.effective.isoformat(),
        until=charter.until.isoformat() if charter.until else None,
        owner=charter.owner,
        adopted_at=work.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        previous_sha256=present.sha256 if present else "",
    )
    sealed = seal(adoption, documents)
    work.session.add(
        CharterRow(
            id=work.id("chr"),
            sha256=identity.sha256,
            name=charter.name,
            version_name=charter.version,
            unit=row.unit,
            effective=charter.effective,
            until=charter.until,
            owner=charter.owner,
            identity=msgspec.to_builtins(identity),
            canonical=resolved_json(charter),
            files={name: store(data) for name, data in sealed.files.items()},
            previous=present.sha256 if present else "",
            adopted_at=work.now,
        )
    )
    return sealed


def _check_open(work: Work, row: ProposalRow, expected: int | None) -> None:
    check_version(row.version, expected, queries.proposal_view(work.session, row, work.today))
    if row.state != "open":
        raise ConflictError(f"The proposal is {row.state}.", code="state.conflict")


def _check_new(work: Work, charter: Charter, sha256: str, unit: str) -> None:
    if charter.until is not None and charter.until < work.today:
        raise InputError(
            f"The charter was in force only until {charter.until.isoformat()}.",
            next_step="Set `until` to a later day, or leave it out.",
            code="charter.over",
        )
    present = queries.current_row(work.session, work.today, unit)
    if present is None or present.unit != unit:
        return
    if present.sha256 == sha256:
        raise ConflictError(
            f"The charter {charter.name} {charter.version} is in force already, unchanged.",
            next_step="There is nothing to do.",
            code="charter.unchanged",
        )
    if (present.name, present.version_name) == (charter.name, charter.version):
        raise ConflictError(
            f"The charter changed, but still calls itself {charter.name} {charter.version}.",
            next_step="Raise `version`, so that people can tell the two apart.",
            code="charter.version",
        )
