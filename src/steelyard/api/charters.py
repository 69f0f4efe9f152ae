# SPDX-License-Identifier: Apache-2.0
"""Routes of the charter: the one in force, its history, and how it is changed."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Query
from msgspec import Struct
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard.api.door import Caller, Router
from steelyard.api.listing import Asked, PageOf, page
from steelyard.bootstrap.founding import sealer
from steelyard.charter.diff.changes import CharterDiff
from steelyard.charter.diff.compare import compare
from steelyard.governance.charters import change, queries
from steelyard.governance.charters.facts import CharterView, ProposalView, policy_from

router = Router(prefix="/charters", tags=["Charter"])
Sha256 = Annotated[str, Field(pattern=r"\A[0-9a-f]{64}\Z")]
_EXAMPLE: dict[str, Any] = {
    "file": "charter.yaml",
    "texts": {"charter.yaml": "extends: standard\n…"},
    "why": "…",
}


class Texts(BaseModel):
    """A charter as it was written: every file by name, and which one is at the top."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    file: Annotated[str, Field(min_length=1, max_length=200)]
    texts: Annotated[dict[str, str], Field(min_length=1, max_length=64)]
    unit: Annotated[str, Field(max_length=100)] = ""
    why: Annotated[str, Field(max_length=5000)] = ""

    def draft(self) -> change.Draft:
        """Return what the room reads."""
        return change.Draft(file=self.file, texts=self.texts, unit=self.unit, why=self.why)


class Vote(BaseModel):
    """A yes or no, in a role one holds."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"role": "risk", "answer": "yes", "reason": "agreed"}]},
    )

    role: Annotated[str, Field(min_length=1, max_length=60)]
    answer: Literal["yes", "no"]
    reason: Annotated[str, Field(max_length=5000)] = ""


class Checked(Struct, frozen=True, kw_only=True):
    """What a charter without errors is."""

    name: str
    version: str
    warnings: list[str]


@router.door("GET", "", right="charter.read", returns=PageOf[CharterView])
def find(caller: Caller, asked: Asked) -> Response:
    """List adopted charters, newest first."""
    today = caller.house.clock().date()
    return caller.read(
        lambda session: page(
            asked,
            queries.find(session, today, limit=asked.limit + 1, after=asked.after),
            lambda row: (row.id,),
        )
    )


@router.door("GET", "/current", right="charter.read", returns=CharterView)
def current(caller: Caller, unit: Annotated[str, Query(max_length=100)] = "") -> Response:
    """Return the charter in force, of a unit or of everybody."""
    today = caller.house.clock().date()
    return caller.read(
        lambda session: queries.get(
            session, queries.current(session, today, unit).identity.sha256, today
        )
    )


@router.door("POST", "/check", right="charter.read", returns=Checked)
def check(body: Texts, caller: Caller) -> Response:
    """Check a charter without proposing it; errors come with file, line and column."""
    charter, warnings = change.read(body.draft())
    found = Checked(name=charter.name, version=charter.version, warnings=warnings)
    return caller.read(lambda _: found)


@router.door("GET", "/proposals", right="charter.read", returns=PageOf[ProposalView])
def proposals(
    caller: Caller,
    asked: Asked,
    state: Annotated[Literal["open", "adopted", "rejected", "withdrawn"] | None, Query()] = None,
) -> Response:
    """List proposals, newest first."""
    today = caller.house.clock().date()
    return caller.read(
        lambda session: page(
            asked,
            queries.proposals(
                session, today, limit=asked.limit + 1, after=asked.after, state=state
            ),
            lambda row: (row.id,),
        )
    )


@router.door("POST", "/proposals", right="charter.propose", returns=ProposalView, status=201)
def propose(body: Texts, caller: Caller) -> Response:
    """Propose a charter; one with errors is refused with the place of each."""
    return caller.act(lambda work: change.propose(work, caller.actor, body.draft()), 201)


@router.door("GET", "/proposals/{proposal_id}", right="charter.read", returns=ProposalView)
def proposal(proposal_id: str, caller: Caller) -> Response:
    """Return one proposal with its votes and who must still agree."""
    today = caller.house.clock().date()
    return caller.read(lambda session: queries.proposal(session, proposal_id, today))


@router.door("GET", "/proposals/{proposal_id}/diff", right="charter.read", returns=CharterDiff)
def proposed_change(proposal_id: str, caller: Caller) -> Response:
    """Return what a proposal would change in the charter in force, by meaning."""
    today = caller.house.clock().date()

    def ask(session: Session) -> CharterDiff:
        row = queries.proposal_row(session, proposal_id)
        present = queries.current(session, today, row.unit)
        new = policy_from(row.canonical, present.identity)
        return compare(present.charter, new.charter)

    return caller.read(ask)


@router.door("POST", "/proposals/{proposal_id}/votes", right="charter.vote", returns=ProposalView)
def vote(proposal_id: str, body: Vote, caller: Caller) -> Response:
    """Say yes or no to a proposal; needs ``If-Match``."""
    return caller.act(
        lambda work: change.vote(
            work, caller.actor, proposal_id,
            role=body.role, answer=body.answer, reason=body.reason, expected=caller.expected,
        )
    )  # fmt: skip


@router.door(
    "POST", "/proposals/{proposal_id}/withdraw", right="charter.propose", returns=ProposalView
)
def withdraw(proposal_id: str, caller: Caller) -> Response:
    """Take back one's own proposal; needs ``If-Match``."""
    return caller.act(
        lambda work: change.withdraw(work, caller.actor, proposal_id, caller.expected)
    )


@router.door("POST", "/proposals/{proposal_id}/adopt", right="charter.adopt", returns=ProposalView)
def adopt(proposal_id: str, caller: Caller) -> Response:
    """Adopt a proposal that everybody needed has agreed to; needs ``If-Match``."""
    house = caller.house
    return caller.act(
        lambda work: change.adopt(
            work, caller.actor, proposal_id,
            seal=sealer(house, work), store=house.blobs.put_bytes, expected=caller.expected,
        )
    )  # fmt: skip


@router.door("GET", "/{sha256}", right="charter.read", returns=CharterView)
def get(sha256: str, caller: Caller) -> Response:
    """Return one adopted charter by digest."""
    today = caller.house.clock().date()
    return caller.read(lambda session: queries.get(session, sha256, today))


@router.door("GET", "/{sha256}/text", right="charter.read")
def text(sha256: str, caller: Caller) -> Response:
    """Return the canonical JSON of a charter: the bytes its digest is over."""

    def ask(session: Session) -> Response:
        data = queries.policy_of(session, sha256).canonical
        return Response(data, media_type="application/json")

    return caller.read(ask)


@router.door("GET", "/{sha256}/diff", right="charter.read", returns=CharterDiff)
def diff(sha256: str, caller: Caller, against: Annotated[str, Query(max_length=64)]) -> Response:
    """Return what changed from the charter ``against`` to this one, by meaning."""
    return caller.read(
        lambda session: compare(
            queries.policy_of(session, against).charter, queries.policy_of(session, sha256).charter
        )
    )
