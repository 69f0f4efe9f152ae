# SPDX-License-Identifier: Apache-2.0
"""How an organization changes its charter."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select
from tests.server import NOON, person

from steelyard.bootstrap.house import House
from steelyard.catalog.charters import charter_text
from steelyard.governance.charters import change, queries
from steelyard.governance.charters.facts import ProposalView
from steelyard.kernel.actor import SYSTEM, Actor
from steelyard.kernel.digest import sha256_hex
from steelyard.kernel.errors import (
    ConflictError,
    DocumentErrors,
    ForbiddenError,
    StaleError,
    UndecidedError,
)
from steelyard.ledger.adoption import Adoption, SealedAdoption, seal_adoption
from steelyard.ledger.signing import NoteKey, Signer
from steelyard.platform.identity import accounts
from steelyard.platform.log.tables import EventRow
from steelyard.platform.notify.tables import NoticeRow
from steelyard.platform.work import Work

SIGNER = Signer(Ed25519PrivateKey.generate())
TODAY = NOON.date()
ANNA = person("anna", "administrator")
RITA = person("rita", "risk")
CARL = person("carl", "compliance")
LENA = person("lena", "legal", "compliance")


def seal(adoption: Adoption, documents: Mapping[str, bytes]) -> SealedAdoption:
    return seal_adoption(adoption, documents, SIGNER, NoteKey("steelyard/test", SIGNER.public))


def found(house: House, text: str, **more: Any) -> ProposalView:
    draft = change.Draft(file="charter.yaml", texts={"charter.yaml": text}, **more)
    made = house.transact(lambda work: change.propose(work, SYSTEM, draft))
    return house.transact(
        lambda work: change.adopt(work, SYSTEM, made.id, seal=seal, store=sha256_hex, founding=True)
    )


def propose(house: House, actor: Actor, text: str) -> ProposalView:
    draft = change.Draft(file="c.yaml", texts={"c.yaml": text}, why="a new law")
    return house.transact(lambda work: change.propose(work, actor, draft))


def vote(house: House, actor: Actor, proposal: str, role: str, answer: str = "yes") -> ProposalView:
    return house.transact(
        lambda work: change.vote(
            work, actor, proposal, role=role, answer=answer, reason="", expected=None
        )
    )


NEXT = """extends: regulated
charter: our-charter
version: "2"
effective: 2026-01-01
owner: risk@example.org
purpose: Ours.
"""


def test_without_a_charter_nothing_is_decided(house: House) -> None:
    with house.reading() as session, pytest.raises(UndecidedError):
        queries.current(session, TODAY)


def test_the_first_charter_comes_into_force(house: House) -> None:
    found(house, charter_text("standard"))
    with house.reading() as session:
        policy = queries.current(session, TODAY)
        assert policy.charter.name == "standard"
        assert queries.policy_of(session, policy.identity.sha256).charter == policy.charter
        assert queries.get(session, policy.identity.sha256, TODAY).in_force
        types = session.scalars(select(EventRow.type).order_by(EventRow.seq)).all()
    assert types == ["charter.proposed", "charter.adopted", "charter.in-force"]


def test_the_committee_must_agree(house: House) -> None:
    found(house, charter_text("regulated"))
    made = propose(house, RITA, NEXT)
    assert made.waiting_for == [
        "1 more of head-of-risk",
        "3 more of the Independent oversight committee",
    ]
    vote(house, person("hanna", "head-of-risk"), made.id, "head-of-risk")
    with pytest.raises(ForbiddenError):
        vote(house, RITA, made.id, "risk")
    with pytest.raises(ForbiddenError):
        vote(house, CARL, made.id, "risk")
    vote(house, CARL, made.id, "compliance")
    with pytest.raises(ConflictError):
        vote(house, CARL, made.id, "compliance")
    with pytest.raises(ConflictError, match="waiting for 2 more"):
        adopt(house, ANNA, made.id)
    vote(house, LENA, made.id, "legal")
    after = vote(house, person("paul", "privacy"), made.id, "privacy")
    assert after.waiting_for == []
    assert adopt(house, ANNA, made.id).state == "adopted"
    with house.reading() as session:
        assert queries.current(session, TODAY).charter.name == "our-charter"


def test_who_may_change_a_charter_hears_of_it(house: House) -> None:
    found(house, charter_text("regulated"))

    def hire(work: Work) -> str:
        made = accounts.create(work, SYSTEM, "hanna@example.org", name="Hanna", state="active")
        known = frozenset({"head-of-risk"})
        accounts.grant(work, SYSTEM, made.id, "head-of-risk", known=known)
        return made.id

    hanna = house.transact(hire)
    made = propose(house, RITA, NEXT)
    vote(house, person("hugo", "head-of-risk"), made.id, "head-of-risk")
    for who, role in (
        (CARL, "compliance"),
        (LENA, "legal"),
        (person("paul", "privacy"), "privacy"),
    ):
        vote(house, who, made.id, role)
    adopt(house, ANNA, made.id)
    with house.reading() as session:
        query = select(NoticeRow.kind).where(NoticeRow.person == hanna).order_by(NoticeRow.id)
        assert session.scalars(query).all() == ["charter.proposed", "charter.adopted"]


def adopt(house: House, actor: Actor, proposal: str) -> ProposalView:
    return house.transact(
        lambda work: change.adopt(work, actor, proposal, seal=seal, store=sha256_hex)
    )


def test_founding_is_for_the_first_charter_only(house: House) -> None:
    found(house, charter_text("regulated"))
    made = propose(house, RITA, NEXT)
    with pytest.raises(ConflictError):
        house.transact(
            lambda work: change.adopt(
                work, SYSTEM, made.id, seal=seal, store=sha256_hex, founding=True
            )
        )


def test_one_no_ends_it(house: House) -> None:
    found(house, charter_text("regulated"))
    made = propose(house, RITA, NEXT)
    assert vote(house, LENA, made.id, "legal", "no").state == "rejected"
    with pytest.raises(ConflictError):
        adopt(house, ANNA, made.id)


def test_errors_have_their_place(house: House) -> None:
    with pytest.raises(DocumentErrors) as caught:
        propose(house, RITA, "name: x\nrisks: 3\n")
    assert caught.value.errors[0].file == "c.yaml"


def test_a_changed_charter_needs_a_new_version(house: House) -> None:
    found(house, NEXT)
    with pytest.raises(ConflictError, match="still calls itself"):
        propose(house, RITA, NEXT.replace("Ours.", "Theirs."))
    with pytest.raises(ConflictError, match="unchanged"):
        propose(house, RITA, NEXT)


def test_a_charter_of_the_future_waits(house: House) -> None:
    found(house, charter_text("standard"))
    later = NEXT.replace("2026-01-01", "2027-01-01")
    made = propose(house, RITA, later)
    assert made.waiting_for == ["1 more of head-of-risk"]
    vote(house, person("hanna", "head-of-risk"), made.id, "head-of-risk")
    adopt(house, ANNA, made.id)
    with house.reading() as session:
        assert queries.current(session, TODAY).charter.name == "standard"
        assert queries.current(session, dt.date(2027, 1, 1)).charter.name == "our-charter"


def test_a_unit_may_have_its_own(house: House) -> None:
    found(house, charter_text("standard"))
    with pytest.raises(ConflictError):
        found(house, NEXT, unit="fraud")
    draft = change.Draft(file="c.yaml", texts={"c.yaml": NEXT}, unit="fraud")
    made = house.transact(lambda work: change.propose(work, RITA, draft))
    vote(house, person("hanna", "head-of-risk"), made.id, "head-of-risk")
    adopt(house, ANNA, made.id)
    with house.reading() as session:
        assert queries.current(session, TODAY, "fraud").charter.name == "our-charter"
        assert queries.current(session, TODAY, "search").charter.name == "standard"


def test_a_stale_vote_is_refused(house: House) -> None:
    found(house, charter_text("regulated"))
    made = propose(house, RITA, NEXT)
    vote(house, CARL, made.id, "compliance")
    with pytest.raises(StaleError):
        house.transact(
            lambda work: change.vote(
                work, LENA, made.id, role="legal", answer="yes", reason="", expected=1
            )
        )
