# SPDX-License-Identifier: Apache-2.0
"""Tokens, robots and sessions: what they reach, when they end."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.platform.identity.staff import (
    actor_of,
    clock_of,
    events,
    made,
    session_of,
    token_of,
)
from tests.server import NOON, person

from steelyard.bootstrap.house import House
from steelyard.kernel.actor import BUILT_IN_ROLES, SYSTEM, Actor, Scope
from steelyard.kernel.errors import ConflictError, FieldErrors, ForbiddenError, MissingError
from steelyard.platform.identity import accounts, erasure, robots, sessions, tokens
from steelyard.platform.identity.actors import ROBOT_ROLES, is_within, narrow
from steelyard.platform.identity.permissions import PERMISSIONS, allowed, within
from steelyard.platform.identity.secret import SESSION, TOKEN, digest_of, new_secret, same
from steelyard.platform.identity.tables import OpeningRow
from steelyard.platform.work import Work

ROLES = sorted({*BUILT_IN_ROLES, "works-council"})


def checked(house: House, secret: str) -> Actor | None:
    with house.reading() as session:
        return tokens.check(session, secret, house.clock())


def scopes() -> st.SearchStrategy[Scope]:
    few = [st.lists(st.sampled_from(names), max_size=3, unique=True).map(tuple) for names in (
        sorted(PERMISSIONS), ["sandbox", "staging", "production"], ["uc_1", "uc_2", "uc_3"]
    )]  # fmt: skip
    return st.builds(
        lambda a, e, u: Scope(actions=a, environments=e, use_cases=u), few[0], few[1], few[2]
    )


@settings(max_examples=40)
@given(roles=st.frozensets(st.sampled_from(ROLES)), scope=scopes())
def test_a_scope_never_adds_a_right(roles: frozenset[str], scope: Scope) -> None:
    whole = Actor(id="usr_a", alias="act_a", roles=roles)
    limited = Actor(id="usr_a", alias="act_a", roles=roles, scope=scope)
    for right in PERMISSIONS:
        assert not allowed(limited, right) or allowed(whole, right)
    for environment in ("sandbox", "production", ""):
        for use_case in ("uc_1", "uc_9", ""):
            if within(limited, environment=environment, use_case=use_case):
                assert not scope.environments or environment in scope.environments
                assert not scope.use_cases or use_case in scope.use_cases


@settings(max_examples=40)
@given(outer=scopes(), inner=scopes())
def test_two_scopes_meet_in_what_both_reach(outer: Scope, inner: Scope) -> None:
    both = narrow(outer, inner)
    for right in PERMISSIONS:
        actors = [
            Actor(id="usr_a", alias="act_a", roles=frozenset({"administrator"}), scope=scope)
            for scope in (outer, inner, both)
        ]
        assert allowed(actors[2], right) == (
            allowed(actors[0], right) and allowed(actors[1], right)
        )
    for use_case in ("uc_1", "uc_2", "uc_9"):
        reach = [
            within(Actor(id="a", alias="a", scope=scope), use_case=use_case, environment="sandbox")
            for scope in (outer, inner, both)
        ]
        assert reach[2] == (reach[0] and reach[1])


@settings(max_examples=40)
@given(inner=scopes(), outer=scopes())
def test_what_lies_within_reaches_nothing_more(inner: Scope, outer: Scope) -> None:
    if not is_within(inner, outer):
        return
    for right in PERMISSIONS:
        held = [
            allowed(Actor(id="a", alias="a", roles=frozenset(ROLES), scope=scope), right)
            for scope in (inner, outer)
        ]
        assert held[1] or not held[0]


def test_no_role_of_a_robot_decides_or_manages() -> None:
    for role in ROBOT_ROLES:
        actor = Actor(id="rob_a", alias="rob_a", kind="robot", roles=frozenset({role}))
        for right in ("charter.adopt", "user.manage", "role.grant", "robot.manage"):
            assert not allowed(actor, right)


@given(st.text(max_size=60))
@settings(max_examples=50)
def test_what_is_no_secret_has_no_digest(text: str) -> None:
    assert digest_of(text, TOKEN) is None
    secret = new_secret(TOKEN)
    assert digest_of(secret, SESSION) is None
    assert digest_of(secret + "x", TOKEN) is None
    assert same(digest_of(secret, TOKEN) or "", digest_of(secret, TOKEN) or "-")
    assert not same(text, text + "x")


def test_a_token_is_its_owner_and_only_a_digest_is_kept(house: House) -> None:
    anna = made(house, "anna@example.org", "requester", unit="fraud")
    issued = token_of(house, anna.id, Scope(actions=("use-case.read",), environments=("sandbox",)))
    actor = checked(house, issued.token)
    assert actor is not None
    assert actor.id == anna.id
    assert actor.roles == {"requester"}
    assert actor.units == {"fraud"}
    assert actor.token == issued.view.id
    assert allowed(actor, "use-case.read")
    assert not allowed(actor, "use-case.write")
    assert issued.token.encode() not in b"".join(row.leaf for row in events(house))
    assert checked(house, issued.token[:-1] + "~") is None
    assert checked(house, new_secret(TOKEN)) is None


@pytest.mark.parametrize("how", ["revoke", "expire", "disable", "erase", "lock"])
def test_a_token_stops_at_once(house: House, how: str) -> None:
    anna = made(house, "anna@example.org", "requester")
    issued = token_of(house, anna.id)
    assert checked(house, issued.token)
    if how == "revoke":
        house.transact(lambda work: tokens.revoke(work, SYSTEM, issued.view.id))
    elif how == "expire":
        clock_of(house).forward(days=90)
    elif how == "disable":
        house.transact(lambda work: erasure.disable(work, SYSTEM, anna.id))
    elif how == "erase":
        house.transact(lambda work: erasure.erase(work, SYSTEM, anna.id))
    else:
        house.transact(lambda work: accounts.set_state(work, SYSTEM, anna.id, "locked"))
    assert checked(house, issued.token) is None


def test_a_role_taken_away_is_gone_with_the_next_call(house: House) -> None:
    anna = made(house, "anna@example.org", "legal")
    issued = token_of(house, anna.id)
    house.transact(lambda work: accounts.revoke(work, SYSTEM, anna.id, "legal"))
    actor = checked(house, issued.token)
    assert actor is not None
    assert actor.roles == frozenset()


def test_a_token_passes_on_no_more_than_it_has(house: House) -> None:
    anna = made(house, "anna@example.org", "legal")
    narrow_one = token_of(
        house, anna.id, Scope(actions=("token.own", "use-case.read")),
        expires_at=NOON + dt.timedelta(days=5),
    )  # fmt: skip
    actor = checked(house, narrow_one.token)
    assert actor is not None

    def ask(scope: Scope, days: int) -> None:
        end = NOON + dt.timedelta(days=days)
        house.transact(lambda work: tokens.issue(work, actor, anna.id, "child", scope, end))

    ask(Scope(actions=("use-case.read",)), 5)
    for scope, days in (
        (Scope(), 1),
        (Scope(actions=("use-case.read",)), 6),
        (Scope(actions=("use-case.read", "use-case.write")), 1),
    ):
        with pytest.raises(ForbiddenError) as caught:
            ask(scope, days)
        assert caught.value.code == "token.wider"


def test_wrong_fields_of_a_token_are_named(house: House) -> None:
    anna = made(house, "anna@example.org")
    scope = Scope(actions=("fly",), environments=("A b",), use_cases=("uc-1",))
    with pytest.raises(FieldErrors) as caught:
        house.transact(lambda work: tokens.issue(work, SYSTEM, anna.id, " ", scope, NOON))
    named = [field for field, _ in caught.value.faults]
    assert named == ["name", "actions", "environments", "use_cases", "expires_at"]


def test_rotation_overlaps_and_happens_once(house: House) -> None:
    anna = made(house, "anna@example.org", "requester")
    old = token_of(house, anna.id)
    new = house.transact(lambda work: tokens.rotate(work, SYSTEM, old.view.id))
    assert checked(house, old.token)
    assert checked(house, new.token)
    assert new.view.expires_at == NOON + dt.timedelta(days=90)
    with pytest.raises(ConflictError) as caught:
        house.transact(lambda work: tokens.rotate(work, SYSTEM, old.view.id))
    assert caught.value.code == "token.rotated"
    clock_of(house).forward(hours=25)
    assert checked(house, old.token) is None
    assert checked(house, new.token)
    with pytest.raises(MissingError):
        house.transact(lambda work: tokens.rotate(work, SYSTEM, old.view.id))


def test_a_robot_has_an_owner_and_stops_with_them(house: House) -> None:
    olga = made(house, "olga@example.org", "platform-operator", unit="fraud")
    robot = house.transact(
        lambda work: robots.create(
            work, SYSTEM, "deploy", "Asks the gate", olga.id,
            roles=["requester"], units=["fraud"],
        )
    )  # fmt: skip
    issued = token_of(house, robot.id, Scope(environments=("staging",)))
    actor = checked(house, issued.token)
    assert actor is not None
    assert (actor.kind, actor.alias) == ("robot", robot.id)
    assert actor.roles == {"requester"}
    with pytest.raises(ConflictError):
        house.transact(lambda work: erasure.erase(work, SYSTEM, olga.id))
    house.transact(lambda work: accounts.set_state(work, SYSTEM, olga.id, "disabled"))
    assert checked(house, issued.token) is None
    house.transact(lambda work: accounts.set_state(work, SYSTEM, olga.id, "active"))
    assert checked(house, issued.token)
    house.transact(lambda work: robots.disable(work, SYSTEM, robot.id))
    assert checked(house, issued.token) is None


def test_wrong_fields_of_a_robot_are_named(house: House) -> None:
    with pytest.raises(FieldErrors) as caught:
        house.transact(
            lambda work: robots.create(
                work, SYSTEM, "", " ", "usr_x", roles=["legal"], units=["no"]
            )
        )
    assert {field for field, _ in caught.value.faults} == {
        "name", "purpose", "owner", "roles", "units",
    }  # fmt: skip


def test_an_assessor_reaches_what_was_opened_until_the_date(house: House) -> None:
    eva = made(house, "eva@outside.example", "assessor", "legal")
    assert actor_of(house, eva).roles == {"assessor"}
    assert actor_of(house, eva).scope.use_cases == ("nothing",)
    until = NOON + dt.timedelta(days=3)

    def open_it(work: Work) -> None:
        work.session.add(
            OpeningRow(
                person=eva.id, use_case="uc_1", unit="fraud", until=until,
                opened_by="system", opened_at=NOON,
            )
        )  # fmt: skip

    house.transact(open_it)
    actor = actor_of(house, eva)
    assert actor.scope.use_cases == ("uc_1",)
    assert actor.units == {"fraud"}
    assert not within(actor, use_case="uc_2")
    clock_of(house).forward(days=3)
    assert actor_of(house, eva).scope.use_cases == ("nothing",)


def test_a_session_ends_by_idling_by_age_and_by_hand(house: House) -> None:
    anna = made(house, "anna@example.org", "requester")
    secret, view = session_of(house, anna)

    def who() -> object:
        with house.reading() as session:
            return sessions.check(session, secret, house.clock())

    assert who()
    clock_of(house).forward(minutes=61)
    assert who() is None
    secret, view = session_of(house, anna)
    other, _ = session_of(house, anna)
    house.transact(lambda work: sessions.end(work, actor_of(house, anna), view.id))
    assert who() is None
    with house.reading() as session:
        assert sessions.check(session, other, house.clock())
        assert len(sessions.find(session, anna.id, house.clock())) == 1
    assert house.transact(lambda work: sessions.end_all(work, anna.id)) == 2
    with pytest.raises(MissingError):
        house.transact(
            lambda work: sessions.end(work, person("bert"), view.id, person_id="usr_bert")
        )
