# SPDX-License-Identifier: Apache-2.0
"""Roles, committees and rights: checked with the charter, deciding when a model is asked for."""

from __future__ import annotations

import pytest

from steelyard.charter.evaluate import evaluate
from steelyard.kernel.assessment import Outcome
from tests.charter.samples import PRODUCTION, TODAY, facts
from tests.charter.writing import ALONE, OVER, errors, loaded, warnings

ROLES = """\
roles:
  security: {title: Security, held_by: [a@x.example, b@x.example]}
  legal: {title: Legal, held_by: [legal-team]}
  risk: {title: Risk}
  model-owner: {title: Owner}
  executive-sponsor: {title: Sponsor, held_by: [boss@x.example]}
"""


@pytest.mark.parametrize(
    ("addition", "place", "said"),
    [
        ("committees: {board: {title: B, members: [risk], quorum: 2}}\n", "quorum", "has 1 seats"),
        (
            "committees: {b: {title: B, members: [risk, security], quorum: 2, chair: legal}}\n",
            "chair: legal",
            "no seat",
        ),
        (
            "committees: {b: {title: B, members: [risk], quorum: 1, recuse: [model-owner]}}\n",
            "recuse",
            "requester always steps aside",
        ),
        ("decision_rights: [{action: approve}]\n", "action", "'role' or to a 'committee'"),
        (
            "decision_rights: [{action: approve, role: security, quorum: 3}]\n",
            "quorum: 3",
            "only 2 people hold",
        ),
        (
            "decision_rights: [{action: approve, role: executive-sponsor, quorum: 2}]\n",
            "quorum: 2",
            "only 1 person holds",
        ),
        ("decision_rights: [{action: approve, role: securty}]\n", "securty", "Did you mean"),
        ("decision_rights: [{action: approve, committee: bord}]\n", "bord", "no committee"),
        (
            "decision_rights: [{action: approve, role: risk, recuse: []}]\n",
            "recuse",
            "requester always steps aside",
        ),
        (
            "responsibilities: {x: {does: y, accountable: nobody-here, responsible: [risk]}}\n",
            "nobody-here",
            "has no role",
        ),
    ],
)
def test_people_that_cannot_be(addition: str, place: str, said: str) -> None:
    text = ALONE + ROLES + addition
    found = errors(text)
    line = text[: text.index(place, text.index(addition[:10]))].count("\n") + 1
    assert any(said in each and each.startswith(f"acme.yaml:{line}:") for each in found), found


def test_a_role_nobody_holds() -> None:
    text = ALONE + ROLES.replace("[legal-team]", "[]")
    assert any("Nobody holds the role 'legal'" in each for each in errors(text))
    covered = text.replace("held_by: []}", "held_by: [], deputies: [risk]}")
    assert loaded(covered).files


def test_seats_held_by_too_few_people() -> None:
    text = (
        ALONE
        + ROLES.replace("b@x.example", "boss@x.example")
        + ("committees: {board: {title: B, members: [security, executive-sponsor], quorum: 2}}\n")
    )
    assert loaded(text).files
    alone = text.replace("a@x.example, boss@x.example", "boss@x.example")
    assert any("held by only 1 person" in each for each in errors(alone))


def test_overlapping_rights_and_gaps_are_warned_of() -> None:
    rights = (
        "decision_rights:\n"
        "  - {action: approve, role: security, environments: [staging]}\n"
        "  - {action: approve, role: security, environments: [staging], tiers: [high]}\n"
    )
    found = warnings(ALONE + ROLES + rights)
    assert any(":21:" in each and "overlaps" in each for each in found), found
    gaps = [each for each in found if "Nobody has the right to approve high risk" in each]
    assert gaps
    assert "any other environment" in gaps[0]


def test_unknown_roles_of_an_overlay_are_warned_of() -> None:
    rule = "rules: [{id: r, why: w, require: 'true', otherwise: review(platform)}]\n"
    assert any("no role 'platform'" in each for each in warnings(OVER + rule))
    assert not warnings(OVER + rule.replace("platform", "privacy"))


def test_an_escalation_that_ends_too_low_is_warned_of() -> None:
    text = ALONE.replace("executive-sponsor", "head-of-risk")
    assert any("does not end at an executive-sponsor" in each for each in warnings(text))


RIGHTS = """\
committees:
  board: {title: Board, members: [risk, legal, security], quorum: 2}
decision_rights:
  - {action: approve, role: model-owner, tracks: [fast]}
  - {action: approve, role: risk, tracks: [deep], environments: [sandbox, production]}
  - {action: approve, committee: board, tracks: [deep], environments: [production], quorum: 1,
     training: [risk-basics]}
"""


def test_holders_of_rights_are_asked_and_nobody_else_may() -> None:
    charter = loaded(ALONE + ROLES + RIGHTS).charter

    def said(environment: str) -> tuple[Outcome, list[str], int, list[str]]:
        found = evaluate(
            charter, facts(environment=environment, use_case__personal_data="ordinary"), {}, TODAY
        )
        roles = [sign_off.role for sign_off in found.review.sign_offs_required]
        reasons = [reason.rule for reason in found.decision.reasons]
        return found.decision.outcome, roles, found.review.quorum, reasons

    outcome, roles, quorum, reasons = said("production")
    assert outcome is Outcome.REVIEW_REQUIRED
    assert roles == ["security", "legal", "risk", "board"]
    assert quorum == 4
    assert not reasons
    assert said("sandbox")[1] == ["security", "legal", "risk"]
    _, roles, _, reasons = said("staging")
    assert reasons == ["charter.right-to-approve"]
    assert roles == ["security", "legal", "charter-owner"]


def test_rights_do_not_bind_what_a_standing_approval_decides() -> None:
    charter = loaded(ALONE + ROLES + RIGHTS).charter
    found = evaluate(charter, facts(), {}, TODAY)
    assert found.decision.outcome is Outcome.APPROVED
    assert found.review.decided_by == "standing-approval"


def test_approvers_say_who_steps_aside_and_what_they_learned() -> None:
    charter = loaded(ALONE + ROLES + RIGHTS).charter
    changes = {**PRODUCTION, "use_case__personal_data": "ordinary"}
    found = evaluate(charter, facts(**changes), {}, TODAY)
    assert [(one.role, one.committee) for one in found.review.approvers] == [
        ("risk", ""),
        ("", "board"),
    ]
    assert found.review.approvers[1].training == ("risk-basics",)
    assert found.review.approvers[1].recuse == ("requester",)


@pytest.mark.parametrize(
    ("addition", "said"),
    [
        (
            "decision_rights: [{action: revoke, role: legal, environments: [production]}]\n",
            "",
        ),
        ("decision_rights: [{action: approve, role: legal}]\n", ""),
        (
            "responsibilities: {charter: {does: x, accountable: legal, responsible: [legal]}}\n",
            "makes 'head-of-risk' accountable",
        ),
    ],
)
def test_an_overlay_may_ask_more_of_people_never_less(addition: str, said: str) -> None:
    if said:
        assert any(said in each for each in errors(OVER + addition))
    else:
        assert loaded(OVER + addition).files


def test_an_overlay_may_not_create_a_right() -> None:
    group = ALONE + ROLES + RIGHTS
    over = (
        "charter: unit\nversion: 1\neffective: 2026-01-01\nowner: u@x.example\npurpose: p\n"
        "extends: ./group.yaml\n"
    )
    files = {"group.yaml": group}
    right = "{action: approve, role: legal, tracks: [deep], environments: [staging]}"
    more = f"decision_rights: [{right}]\n"
    found = errors(over + more, files)
    assert any("acme.yaml:7:" in each and "gives nobody the right" in each for each in found), found
    assert loaded(over + more.replace("staging", "production"), files).files
    new = "decision_rights: [{action: suspend, role: legal}]\n"
    assert loaded(over + new, files).files
