# SPDX-License-Identifier: Apache-2.0
"""Accounts, roles, units and training, on both databases."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from sqlalchemy import select
from tests.platform.identity.staff import events, made
from tests.server import NOON, Clock, person

from steelyard.bootstrap.house import House
from steelyard.kernel.actor import ADMINISTRATOR, SYSTEM
from steelyard.kernel.errors import (
    ConflictError,
    FieldErrors,
    ForbiddenError,
    MissingError,
    StaleError,
)
from steelyard.platform.identity import accounts, people, training, units
from steelyard.platform.identity.people import Person
from steelyard.platform.identity.tables import GrantRow
from steelyard.platform.work import Work

ADA = person("ada", ADMINISTRATOR, unit="")


def test_a_person_is_found_by_id_alias_mail_and_word(house: House) -> None:
    anna = made(house, "Anna.Berg@Example.org", "requester", name="Anna Berg")
    made(house, "bert@example.org", "legal", name="Bert Anders")
    with house.reading() as session:
        assert people.person(session, anna.id) == anna
        assert people.by_alias(session, anna.alias) == anna
        assert people.by_mail(session, "anna.berg@EXAMPLE.org") == anna
        assert [each.id for each in people.search(session, "be")] != []
        assert {each.name for each in people.search(session, "an")} == {"Anna Berg", "Bert Anders"}
        assert people.search(session, "nna") == ()
        assert [each.name for each in people.search(session, role="legal")] == ["Bert Anders"]
        assert people.names(session, [anna.id, "usr_x"]) == {anna.id: "Anna Berg"}


def test_an_address_has_one_account(house: House) -> None:
    made(house, "anna@example.org")
    with pytest.raises(ConflictError) as caught:
        made(house, "ANNA@example.ORG")
    assert caught.value.code == "identity.mail-taken"


@pytest.mark.parametrize("mail", ["", "anna", "a b@x.org", "a@b@c", "a@x..org", "a@\u0000x.org"])
def test_what_is_no_address_is_refused_by_field(house: House, mail: str) -> None:
    with pytest.raises(FieldErrors) as caught:
        made(house, mail)
    assert caught.value.faults[0][0] == "mail"


def test_holders_of_the_asking_unit_come_first(house: House) -> None:
    first = made(house, "a@example.org", "legal")
    second = made(house, "b@example.org", "legal")
    gone = made(house, "c@example.org", "legal")

    def act(work: Work) -> None:
        units.create(work, SYSTEM, "fraud", calendar="DE-BY")
        accounts.join(work, SYSTEM, second.id, "fraud")
        accounts.set_state(work, SYSTEM, gone.id, "disabled")

    house.transact(act)
    with house.reading() as session:
        ids = [each.id for each in people.holders(session, "legal", "fraud")]
        assert ids == [second.id, first.id]
        assert {each.id for each in people.holders(session, "legal")} == {first.id, second.id}


def test_a_grant_ends_by_the_clock(house: House) -> None:
    anna = made(house, "a@example.org")
    until = NOON + dt.timedelta(days=1)
    house.transact(lambda work: accounts.grant(work, SYSTEM, anna.id, "legal", until=until))
    clock = house.clock
    assert isinstance(clock, Clock)
    clock.forward(days=2)
    with house.reading() as session:
        assert people.holders(session, "legal", now=clock()) == ()
        assert people.reach(session, anna.id, clock())[0] == set()
    assert house.transact(lambda work: accounts.end_grants(work, SYSTEM)) == 1
    assert events(house)[-1].type == "role.revoked"
    with pytest.raises(FieldErrors):
        house.transact(lambda work: accounts.grant(work, SYSTEM, anna.id, "legal", until=until))


def test_nobody_grants_themselves_a_role(house: House) -> None:
    ada = made(house, "ada@example.org", ADMINISTRATOR)
    actor = person("ada", ADMINISTRATOR)
    actor = type(actor)(id=ada.id, alias=ada.alias, roles=ada.roles)
    with pytest.raises(ForbiddenError) as caught:
        house.transact(lambda work: accounts.grant(work, actor, ada.id, "legal"))
    assert caught.value.code == "identity.self-grant"


def test_roles_are_those_there_are(house: House) -> None:
    anna = made(house, "a@example.org")
    with pytest.raises(FieldErrors):
        house.transact(lambda work: accounts.grant(work, ADA, anna.id, "works-council"))
    known = frozenset({"works-council"})
    found = house.transact(
        lambda work: accounts.grant(work, ADA, anna.id, "works-council", known=known)
    )
    assert found.roles == {"works-council"}


def test_the_last_administrator_stays(house: House) -> None:
    ada = made(house, "ada@example.org", ADMINISTRATOR)
    for act in (
        lambda work: accounts.revoke(work, SYSTEM, ada.id, ADMINISTRATOR),
        lambda work: accounts.set_state(work, SYSTEM, ada.id, "disabled"),
        lambda work: accounts.erase(work, SYSTEM, ada.id),
        lambda work: accounts.grant(
            work, SYSTEM, ada.id, ADMINISTRATOR, until=NOON + dt.timedelta(days=1)
        ),
    ):
        with pytest.raises(ConflictError) as caught:
            house.transact(act)
        assert caught.value.code == "identity.last-administrator"
    made(house, "second@example.org", ADMINISTRATOR)
    house.transact(lambda work: accounts.revoke(work, SYSTEM, ada.id, ADMINISTRATOR))


def test_two_administrators_cannot_remove_each_other_at_once(house: House) -> None:
    pair = [made(house, f"{name}@example.org", ADMINISTRATOR) for name in "ab"]
    refused: list[str] = []
    gate = threading.Barrier(2)

    def remove(person_id: str) -> None:
        gate.wait()
        try:
            house.transact(lambda work: accounts.revoke(work, SYSTEM, person_id, ADMINISTRATOR))
        except ConflictError as error:
            refused.append(error.code)

    threads = [threading.Thread(target=remove, args=(each.id,)) for each in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["identity.last-administrator"]
    with house.reading() as session:
        assert len(session.scalars(select(GrantRow)).all()) == 1


def test_an_erased_person_leaves_no_name_and_the_leaves_stay(house: House) -> None:
    anna = made(house, "anna@example.org", "legal", name="Anna Berg")
    before = [row.leaf for row in events(house)]
    assert not any(b"nna" in leaf for leaf in before)
    house.transact(lambda work: accounts.erase(work, ADA, anna.id))
    with house.reading() as session:
        assert people.person(session, anna.id) is None
        assert people.by_alias(session, anna.alias) is None
        assert people.names(session, [anna.id]) == {anna.id: "Erased person"}
    rows = events(house)
    assert [row.leaf for row in rows][: len(before)] == before
    assert rows[-1].type == "user.erased"
    assert made(house, "anna@example.org").id != anna.id
    with pytest.raises(MissingError):
        house.transact(lambda work: accounts.erase(work, ADA, anna.id))


def test_changes_need_the_version_read(house: House) -> None:
    anna = made(house, "anna@example.org")
    house.transact(lambda work: accounts.change(work, ADA, anna.id, 1, name="Anna"))
    with pytest.raises(StaleError) as caught:
        house.transact(lambda work: accounts.change(work, ADA, anna.id, 1, name="Other"))
    assert isinstance(caught.value.current, Person)
    with pytest.raises(FieldErrors):
        house.transact(lambda work: accounts.change(work, ADA, anna.id, 2, name="a\nb"))


def test_units_form_a_tree_and_keep_calendars(house: House) -> None:
    def act(work: Work) -> None:
        units.create(work, SYSTEM, "bank", calendar="DE")
        units.create(work, SYSTEM, "fraud", parent="bank")
        units.create(work, SYSTEM, "alps", parent="bank", calendar="DE-BY")

    house.transact(act)
    with house.reading() as session:
        assert people.calendar_of(session, "fraud") == "DE"
        assert people.calendar_of(session, "alps") == "DE-BY"
        assert people.calendar_of(session, "nowhere") == ""
        assert [each.name for each in units.find(session, limit=2)] == ["alps", "bank"]
    with pytest.raises(FieldErrors) as caught:
        house.transact(lambda work: units.change(work, SYSTEM, "bank", 1, parent="alps"))
    assert caught.value.faults[0][0] == "parent"
    with pytest.raises(FieldErrors) as caught:
        house.transact(
            lambda work: units.create(work, SYSTEM, "Bank!", parent="none", calendar="XX")
        )
    assert {field for field, _ in caught.value.faults} == {"name", "parent", "calendar"}


def test_training_counts_until_its_last_day(house: House) -> None:
    anna = made(house, "anna@example.org")
    today = NOON.date()
    last = today + dt.timedelta(days=10)
    house.transact(
        lambda work: training.add(work, ADA, anna.id, "pickle-risks", today, valid_until=last)
    )
    with house.reading() as session:
        assert people.passed(session, anna.id, "pickle-risks", last)
        assert not people.passed(session, anna.id, "pickle-risks", last + dt.timedelta(days=1))
        assert not people.passed(session, anna.id, "pickle-risks", today - dt.timedelta(days=1))
        assert not people.passed(session, anna.id, "other", today)
    with pytest.raises(FieldErrors) as caught:
        tomorrow = today + dt.timedelta(days=1)
        house.transact(
            lambda work: training.add(work, ADA, anna.id, "A b", tomorrow, valid_until=today)
        )
    assert [field for field, _ in caught.value.faults] == ["course", "passed_on", "valid_until"]
