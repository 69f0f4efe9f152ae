# SPDX-License-Identifier: Apache-2.0
"""Compares rules by what they do: in which cases which of the two is harder.

A rule that is gone, or milder, does no harm where other rules of the new charter are as hard in
all the same cases; so each rule is laid against those of the other charter that read the same
facts, not only against its namesake.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from steelyard.charter.diff.changes import Change, Example, direction_of
from steelyard.charter.engine import View, compile_rule
from steelyard.charter.judge import rule_says
from steelyard.charter.schema import TIERS, Rule
from steelyard.charter.worlds import Answers, Question, World, ask, view_of_world
from steelyard.charter.worlds.ask import Domains, essential

MAX_COVER = 4
"""Most rules of the other charter that are laid beside one rule."""
LIMIT = 4_000
"""Most worlds tried for one rule."""
_RANK = {"": 0, "warn": 1, "condition": 2, "review": 3, "reject": 4}


class Force(Struct, frozen=True, order=False):
    """What rules bring about in one case: the worst effect, and who must sign off."""

    rank: int = 0
    roles: frozenset[str] = frozenset()

    def covers(self, other: Force) -> bool:
        """Tell whether this is at least as hard as ``other`` in every respect."""
        if self.rank == _RANK["reject"]:
            return True
        return self.rank >= other.rank and self.roles >= other.roles

    def plus(self, other: Force) -> Force:
        """Return both together."""
        return Force(max(self.rank, other.rank), self.roles | other.roles)

    def __str__(self) -> str:
        if self.rank == _RANK["review"]:
            return f"asks {', '.join(sorted(self.roles))} to sign off"
        return ("says nothing", "warns", "sets a condition", "", "rejects")[self.rank]


NOTHING = Force()


def force_of(rule: Rule) -> Question:
    """Return the question what ``rule`` brings about, as the evaluation would see it."""
    roles = frozenset(rule.reviewers) if rule.effect == "review" else frozenset[str]()
    fired = Force(_RANK[rule.effect], roles)

    def answer(view: View) -> Force:
        applies, satisfied = rule_says(rule, view)
        return fired if applies != "false" and satisfied != "true" else NOTHING

    texts = (rule.applies, rule.require) if rule.applies is not None else (rule.require,)
    return Question(texts, answer)


class Beyond(Struct, frozen=True):
    """Where one rule is harder than others together: a case, or why none can be excluded.

    ``own`` is what it and the others bring about there, ``others`` what they do without it.
    """

    example: World | None
    own: Force
    others: Force
    doubt: str


def harder_than(rule: Rule, others: Sequence[Rule]) -> Beyond:
    """Find a case in which ``rule`` is harder than all of ``others`` together."""
    found = _harder(rule, others[:1])
    if len(others) > 1 and (found.example is not None or found.doubt):
        return _harder(rule, others)
    return found


def _harder(rule: Rule, others: Sequence[Rule]) -> Beyond:
    questions = [force_of(rule), *(force_of(other) for other in others)]
    answers: Answers = ask(*questions, limit=LIMIT)
    found: list[tuple[Force, Force, World]] = []
    for row, world in answers.rows.items():
        own, rest = _own_and_rest(row)
        if not rest.covers(own):
            found.append((own, rest, world))
    if not found:
        return Beyond(None, NOTHING, NOTHING, answers.doubt)
    # The plainest case is one in which the other rules say least.
    own, rest, world = min(found, key=lambda item: (item[1].rank, len(item[1].roles)))
    return Beyond(_what_matters(questions, world), own.plus(rest), rest, answers.doubt)


def _own_and_rest(row: Sequence[Any]) -> tuple[Force, Force]:
    rest = NOTHING
    for force in row[1:]:
        rest = rest.plus(force)
    return row[0], rest


def _what_matters(questions: Sequence[Question], world: World) -> World:
    """Return the facts without which the case would not be as it is."""

    def said(candidate: World) -> tuple[Force, Force]:
        view = view_of_world(candidate)
        return _own_and_rest([question.answer(view) for question in questions])

    wanted = said(world)
    values = Domains(text for question in questions for text in question.texts).values
    return essential(world, values, lambda other: said(other) == wanted)


def compare_rules(old: Sequence[Rule], new: Sequence[Rule]) -> Iterator[Change]:
    """Yield what changed between two lists of rules."""
    before = {rule.id: rule for rule in old}
    after = {rule.id: rule for rule in new}
    gone = [rule for rule in old if rule.id not in after]
    fresh = [rule for rule in new if rule.id not in before]
    for rule in list(gone):
        twin = next((other for other in fresh if _same_text(rule, other)), None)
        if twin is not None:
            gone.remove(rule)
            fresh.remove(twin)
            yield Change(
                section="rules", subject=twin.id, kind="renamed", direction="same",
                says=f"The rule {rule.id} is called {twin.id} now.", old=rule.id, new=twin.id,
            )  # fmt: skip
    for rule in gone:
        yield _removed(rule, new)
    for rule in fresh:
        yield _added(rule, old)
    for identity, rule in before.items():
        other = after.get(identity)
        if other is not None and other != rule:
            yield _changed(rule, other, old, new)


def _same_text(one: Rule, other: Rule) -> bool:
    return _meaning(one) == _meaning(other)


def _meaning(rule: Rule) -> tuple[Any, ...]:
    texts = (" ".join((rule.applies or "").split()), " ".join(rule.require.split()))
    return (*texts, rule.effect, frozenset(rule.reviewers), rule.condition)


def _paths(rule: Rule) -> set[str]:
    """Return the facts a rule reads."""
    return {path for text in force_of(rule).texts for path in compile_rule(text).paths}


def _near(rule: Rule, others: Sequence[Rule], first: Rule | None = None) -> list[Rule]:
    """Return the rules that ask about the same facts; a fact that few ask about says more."""
    own = _paths(rule)
    asked = [(other, own & _paths(other)) for other in others]
    readers = {path: sum(path in shared for _, shared in asked) for path in own}
    alike = [
        (sum(1 / readers[path] for path in shared), other)
        for other, shared in asked
        if shared and other is not first
    ]
    alike.sort(key=lambda pair: -pair[0])
    return ([first] if first is not None else []) + [other for _, other in alike[:MAX_COVER]]


def _removed(rule: Rule, new: Sequence[Rule]) -> Change:
    cover = _near(rule, new)
    found = harder_than(rule, cover)
    example = None
    if found.example is not None:
        example = Example(facts=found.example, old=str(found.own), new=str(found.others))
    said = f"The rule {rule.id} is gone. It said: {rule.why}"
    if example is None and not found.doubt:
        others = ", ".join(other.id for other in cover)
        said += f" Other rules are as hard in every case ({others})." if cover else ""
    return Change(
        section="rules", subject=rule.id, kind="removed", old=rule, says=said, looser=example,
        direction=direction_of(example, None, found.doubt), doubt=found.doubt,
    )  # fmt: skip


def _added(rule: Rule, old: Sequence[Rule]) -> Change:
    cover = _near(rule, old)
    found = harder_than(rule, cover)
    example = None
    if found.example is not None:
        example = Example(facts=found.example, old=str(found.others), new=str(found.own))
    said = f"The rule {rule.id} is new: {rule.why}"
    if example is None and not found.doubt:
        said += " It changes no outcome: other rules are as hard in every case, or it never fires."
    return Change(
        section="rules", subject=rule.id, kind="added", new=rule, says=said, stricter=example,
        # Rules decide together and each can only worsen an outcome.
        direction="stricter" if example or found.doubt else "same",
    )  # fmt: skip


def _changed(rule: Rule, other: Rule, old: Sequence[Rule], new: Sequence[Rule]) -> Change:
    looser = stricter = None
    doubt = ""
    same_asking = (rule.applies, rule.require) == (other.applies, other.require)
    if (same_asking, rule.otherwise) != (True, other.otherwise):
        lost = harder_than(rule, _near(rule, new, other))
        won = harder_than(other, _near(other, old, rule))
        if lost.example is not None:
            looser = Example(facts=lost.example, old=str(lost.own), new=str(lost.others))
        if won.example is not None:
            stricter = Example(facts=won.example, old=str(won.others), new=str(won.own))
        doubt = "" if same_asking else lost.doubt or won.doubt
    direction = direction_of(looser, stricter, doubt)
    changed = [
        name for name in rule.__struct_fields__ if getattr(rule, name) != getattr(other, name)
    ]
    if direction == "same" and "condition" in changed and other.effect == "condition":
        direction, doubt = "unclear", "Only a person can compare the words of two conditions."
    return Change(
        section="rules", subject=rule.id, kind="changed", direction=direction, doubt=doubt,
        says=f"The rule {rule.id} has {_sentence(direction, changed)}",
        old={name: getattr(rule, name) for name in changed},
        new={name: getattr(other, name) for name in changed},
        looser=looser, stricter=stricter,
    )  # fmt: skip


def _sentence(direction: str, changed: Sequence[str]) -> str:
    fields = ", ".join(repr(name) for name in changed)
    return {
        "looser": f"become looser in {fields}.",
        "stricter": f"become stricter in {fields}.",
        "mixed": f"become looser in some cases and stricter in others ({fields}).",
        "unclear": f"other words in {fields}; which way they go is for a person to judge.",
        "same": f"other words in {fields} and the same meaning.",
    }[direction]


def drops_with_tier(rule: Rule) -> World | None:
    """Return a case in which ``rule`` is milder at a higher tier than at a lower one."""
    question = force_of(rule)
    if not any(path.startswith("risk.") for path in question.paths):
        return None
    domains = Domains((*question.texts, *(f"risk.tier == '{tier}'" for tier in TIERS)))
    rest = [path for path in question.paths if not path.startswith("risk.")]
    scores = sorted(domains.values.get("risk.score", (0,)))
    if domains.count(rest) > LIMIT:
        return None
    for world in domains.worlds(rest):
        lines = [[(tier, score) for tier in TIERS] for score in scores]
        lines += [[(tier, score) for score in scores] for tier in TIERS]
        for line in lines:
            so_far = NOTHING
            for tier, score in line:
                facts = {**world, "risk.tier": tier, "risk.score": score}
                force = question.answer(view_of_world(facts))
                assert isinstance(force, Force)
                if not force.covers(so_far):
                    return {path: facts[path] for path in question.paths}
                so_far = so_far.plus(force)
    return None
