# SPDX-License-Identifier: Apache-2.0
"""Says what in a history a reviewer should see. Each observation is evidence, none a verdict.

Thresholds are ours; they are named here and in the documentation. Silence about something means it
was not seen in what was read: where the source does not say, nothing is observed, and the facts say
"not known".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct

from steelyard.provenance.history.facts import DAY, HistoryFacts, after_release
from steelyard.provenance.history.hub import Advisory
from steelyard.provenance.history.licenses import LicenseChange
from steelyard.provenance.history.model import Commit, History, Observation, Severity

RUG_PULL, REPUTATION = "ATLAS:AML.T0109", "ATLAS:AML.T0111"
SILENCE_DAYS = 180
"""Days without new weights after which somebody new is worth a second look."""
ESTABLISHED = 3
"""Weight commits after which a repository has a habit that can change."""
BURST_COMMITS, BURST_SECONDS = 30, 3_600
YOUNG_DAYS = 30
STALE_DAYS = 365
CARD_DAYS = 7
"""Days after new weights within which the card may follow."""
CLOCK_SECONDS = DAY
"""Difference of two clocks that is still no observation."""
_LISTED = 20
_SILENCES = 5
_ORDER: tuple[Severity, ...] = ("high", "medium", "low", "info")


class Seen(Struct, frozen=True, kw_only=True):
    """Everything an observation may rest on. Commits are newest first."""

    history: History
    facts: HistoryFacts
    now: int
    accounts: Mapping[str, int]
    advisories: tuple[Advisory, ...]
    license_changes: tuple[LicenseChange, ...]


def observe(seen: Seen) -> tuple[Observation, ...]:
    """Return all observations, gravest first."""
    found = [item for look in _LOOKS for item in look(seen)]
    found.sort(key=lambda item: _ORDER.index(item.severity))
    return tuple(found)


def _rewritten(seen: Seen) -> Iterator[Observation]:
    history = seen.history
    if history.since_is_ancestor is False:
        yield _note(
            "history-rewritten",
            "high",
            f"The commit recorded before, {history.since[:12]}, is no part of the history any "
            "more: the branch was moved or rebuilt.",
            [history.since],
            RUG_PULL,
        )
    if history.rewrites:
        branches = ", ".join(dict.fromkeys(item.branch for item in history.rewrites[:5]))
        yield _note(
            "force-push",
            "medium",
            f"{_times(len(history.rewrites))} a branch was moved to a commit that does not contain "
            f"the former one ({branches}).",
            [item.after for item in history.rewrites],
            RUG_PULL,
        )


def _ownership(seen: Seen) -> Iterator[Observation]:
    """New weights by somebody who never brought any in: after a long silence, or just now."""
    commits = [commit for commit in seen.history.commits if commit.weights]
    known: set[str] = set()
    silent: list[tuple[int, int]] = []
    newest: int | None = None
    for at in range(len(commits) - 1, -1, -1):
        who = commits[at].who.key
        if who not in known:
            gap = _days_between(commits[at + 1], commits[at]) if at + 1 < len(commits) else None
            if len(commits) - at - 1 >= ESTABLISHED:
                newest = at
                if gap is not None and gap >= SILENCE_DAYS:
                    silent.append((at, gap))
            known.add(who)
    for at, gap in silent[::-1][:_SILENCES]:
        yield _new_committer(commits, at, gap)
    held = newest is not None and all(
        commit.who.key == commits[newest].who.key for commit in commits[:newest]
    )
    if newest is not None and held and newest not in [at for at, _ in silent]:
        yield _new_committer(commits, newest, None)
    elif newest is None or not held:
        yield from _main_changed(commits)


def _new_committer(commits: Sequence[Commit], at: int, gap: int | None) -> Observation:
    earlier = commits[at + 1 :]
    others = len({commit.who.key for commit in earlier})
    silence = f", {gap} days after the last weights" if gap is not None else ""
    people = "one other person" if others == 1 else f"{others} others"
    return _note(
        "new-weight-committer",
        "high" if gap is not None else "medium",
        f"{commits[at].who.shown} brought in weights for the first time{silence}; before, "
        f"{people} did so in {len(earlier)} commits.",
        [commits[at].id],
        RUG_PULL,
    )


def _days_between(older: Commit, newer: Commit) -> int | None:
    if older.time is None or newer.time is None:
        return None
    return (newer.time - older.time) // DAY


def _main_changed(commits: Sequence[Commit]) -> Iterator[Observation]:
    """The one who brings in most weights lately is not the one who used to."""
    half = len(commits) // 2
    if half < ESTABLISHED:
        return
    newer = Counter(commit.who.key for commit in commits[:half])
    older = Counter(commit.who.key for commit in commits[half:])
    (now, often), (then, _) = newer.most_common(1)[0], older.most_common(1)[0]
    if now != then and older[now] * 4 <= half and often * 2 > half:
        first = next(commit for commit in commits if commit.who.key == now)
        last = next(commit for commit in commits[half:] if commit.who.key == then)
        yield _note(
            "main-weight-committer-changed",
            "low",
            f"Weights are mostly brought in by {first.who.shown} now; they used to be by "
            f"{last.who.shown}.",
            [first.id],
            RUG_PULL,
        )


def _new_after_silence(seen: Seen) -> Iterator[Observation]:
    """Where no files are known: somebody new commits after a long silence."""
    commits = seen.history.commits
    if any(commit.weights is not None for commit in commits) or len(commits) <= ESTABLISHED:
        return
    newest = commits[0].who.key
    run = next((at for at, commit in enumerate(commits) if commit.who.key != newest), len(commits))
    earlier = commits[run:]
    if not newest or len(earlier) < ESTABLISHED or any(c.who.key == newest for c in earlier):
        return
    start, before = commits[run - 1].time, earlier[0].time
    gap = (start - before) // DAY if start is not None and before is not None else 0
    if gap >= SILENCE_DAYS:
        yield _note(
            "new-author-after-silence",
            "medium",
            f"{commits[0].who.shown} commits for the first time, {gap} days after the last "
            "commit by anybody else. Which files changed is not known.",
            [commit.id for commit in commits[:run]],
            RUG_PULL,
        )


def _young_account(seen: Seen) -> Iterator[Observation]:
    for account in seen.facts.accounts:
        if account.days_old is not None and account.days_old < YOUNG_DAYS:
            yield _note(
                "young-account",
                "medium",
                f"The account {account.name} was {max(account.days_old, 0)} days old at its last "
                "contribution here.",
                [],
                REPUTATION,
            )


def _signing(seen: Seen) -> Iterator[Observation]:
    """Whoever signs and then stops is more worth a look than whoever never signed."""
    commits = [commit for commit in seen.history.commits if commit.weights]
    signed = [commit.signature in ("present", "verified") for commit in commits]
    if len(commits) > ESTABLISHED and not signed[0] and all(signed[1 : ESTABLISHED + 1]):
        yield _note(
            "signing-stopped",
            "medium",
            f"The newest weights are not signed; the {ESTABLISHED} commits of weights before "
            "them were.",
            [commits[0].id],
            RUG_PULL,
        )
    bad = [commit.id for commit in seen.history.commits if commit.signature == "bad"]
    if bad:
        yield _note("bad-signature", "high", "Signatures of commits do not verify.", bad)


def _burst(seen: Seen) -> Iterator[Observation]:
    """Many commits by one person within an hour look like activity and are none."""
    by_person: dict[str, list[tuple[int, str]]] = {}
    shown: dict[str, str] = {}
    for commit in seen.history.commits:
        if commit.time is not None:
            by_person.setdefault(commit.who.key, []).append((commit.time, commit.id))
            shown.setdefault(commit.who.key, commit.who.shown)
    for key, rows in by_person.items():
        rows.sort()
        start = most = end = 0
        for at, (time, _) in enumerate(rows):
            while time - rows[start][0] > BURST_SECONDS:
                start += 1
            if at - start + 1 > most:
                most, end = at - start + 1, at
        if most >= BURST_COMMITS:
            ids = [name for _, name in rows[end - most + 1 : end + 1]]
            yield _note(
                "burst",
                "low",
                f"{shown[key]} made {most} commits within an hour.",
                ids[::-1],
                REPUTATION,
            )


def _licenses(seen: Seen) -> Iterator[Observation]:
    for change in seen.license_changes[:_LISTED]:
        before, after = ", ".join(change.before), ", ".join(change.after)
        if not change.after:
            yield _note(
                "license-removed",
                "high",
                f"The license {before} was removed and none took its place.",
                [change.commit],
                RUG_PULL,
            )
            continue
        if not change.before:
            yield _note("license-added", "info", f"A license was named: {after}.", [change.commit])
            continue
        mild: dict[str, Severity] = {"looser": "low", "same": "info"}
        word = "" if change.direction == "unknown" else f" ({change.direction})"
        yield _note(
            "license-changed",
            mild.get(change.direction, "medium"),
            f"The license changed from {before} to {after}{word}. Copies taken before "
            "keep the terms they came with; new ones have the new terms.",
            [change.commit],
        )


def _card(seen: Seen) -> Iterator[Observation]:
    """Weights that changed while the card stayed: it speaks of other weights than there are."""
    commits = seen.history.commits
    if not any(commit.card for commit in commits):
        return
    silent = []
    last_card: int | None = None
    for commit in commits:
        if commit.card:
            last_card = commit.time
        if not commit.weights or commit.card or not _modifies(commit) or commit.time is None:
            continue
        followed = last_card is not None and last_card - commit.time <= CARD_DAYS * DAY
        if not followed:
            silent.append(commit.id)
    if silent:
        noun = "commit changes" if len(silent) == 1 else "commits change"
        yield _note(
            "weights-without-card",
            "low",
            f"{len(silent)} {noun} weights while the card does not change within {CARD_DAYS} days.",
            silent,
        )


def _modifies(commit: Commit) -> bool:
    return any(change.weights and change.status == "modified" for change in commit.files or ())


def _after_release(seen: Seen) -> Iterator[Observation]:
    found = after_release(seen.history)
    if found is None:
        return
    weights = [commit.id for commit in found[2] if commit.weights]
    if weights:
        noun = "commit" if len(weights) == 1 else "commits"
        yield _note(
            "weights-after-release",
            "low",
            f"{len(weights)} {noun} changed weights after the last release, {found[0]}.",
            weights,
        )


def _times_of(seen: Seen) -> Iterator[Observation]:
    commits = seen.history.commits
    future = [c.id for c in commits if c.time is not None and c.time > seen.now + CLOCK_SECONDS]
    if future:
        yield _note("time-in-future", "medium", "Commits claim a time that has not come.", future)
    by_id = {commit.id: commit for commit in commits}
    wrong = []
    for commit in commits:
        for parent in commit.parents or ():
            older = by_id.get(parent)
            if older is None or older.time is None or commit.time is None:
                continue
            if commit.time < older.time - CLOCK_SECONDS:
                wrong.append(commit.id)
                break
    if wrong:
        yield _note(
            "time-out-of-order", "low", "Commits claim to be older than what they build on.", wrong
        )


def _maintenance(seen: Seen) -> Iterator[Observation]:
    days = seen.facts.days_since_last
    if days is not None and days > STALE_DAYS:
        yield _note("stale", "low", f"Nothing was committed for {days} days.", [])
    standing = [item for item in seen.advisories if not item.patched]
    grave = [item for item in standing if item.severity in ("critical", "high")]
    if standing:
        names = ", ".join(item.id for item in standing[:5])
        yield _note(
            "open-advisories",
            "high" if grave else "medium",
            f"{len(standing)} published advisories have no version that mends them ({names}).",
            [],
        )


def _incomplete(seen: Seen) -> Iterator[Observation]:
    if not seen.history.complete:
        yield _note(
            "incomplete",
            "info",
            "Only a part of the history was read; what lies before it is not known.",
            [],
        )


_LOOKS: tuple[Callable[[Seen], Iterator[Observation]], ...] = (
    _rewritten,
    _ownership,
    _new_after_silence,
    _young_account,
    _signing,
    _burst,
    _licenses,
    _card,
    _after_release,
    _times_of,
    _maintenance,
    _incomplete,
)


def _note(
    name: str, severity: Severity, sentence: str, commits: Sequence[str], *references: str
) -> Observation:
    return Observation(
        id=name,
        severity=severity,
        sentence=sentence,
        commits=tuple(commits[:_LISTED]),
        more_commits=max(0, len(commits) - _LISTED),
        references=references,
    )


def _times(count: int) -> str:
    return "Once" if count == 1 else f"{count} times"
