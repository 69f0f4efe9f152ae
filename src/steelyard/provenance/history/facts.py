# SPDX-License-Identifier: Apache-2.0
"""Counts what a history says: who brings in weights, how often, signed or not, how it is kept."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from steelyard.provenance.history.hub import Advisory
from steelyard.provenance.history.model import Commit, History, Signature

DAY = 86_400
_PEOPLE_SHOWN = 20
_QUARTERS_SHOWN = 24


class Share(Struct, frozen=True, kw_only=True):
    """How many commits one person brought in, and when the first and last of them."""

    name: str
    commits: int
    first: str | None
    last: str | None


class Account(Struct, frozen=True, kw_only=True):
    """How old an account was when it last brought in weights (else: anything); None: not known."""

    name: str
    created: str | None
    days_old: int | None


class HistoryFacts(Struct, frozen=True, kw_only=True):
    """What is counted. None means that the source does not say; times are ISO 8601, UTC."""

    commits: int
    complete: bool
    first_commit: str | None
    last_commit: str | None
    days_since_last: int | None
    people: tuple[Share, ...]
    weight_commits: int | None
    weight_people: tuple[Share, ...] | None
    main_weight_person: str | None
    weights_in_pointers: int | None
    """Changed weight files that are pointers to a large-file store."""
    weights_in_git: int | None
    signatures: dict[str, int]
    """Commits by signature: none, present, verified, bad, unknown."""
    weight_signatures: dict[str, int] | None
    committed_for_others: int | None
    """Commits whose committer is not the author, web sites apart."""
    releases: int | None
    last_release: str | None
    last_release_at: str | None
    commits_after_release: int | None
    by_quarter: dict[str, int]
    """Commits by quarter, the newest quarters, none left out between them."""
    accounts: tuple[Account, ...]
    advisories_open: int | None
    """Published advisories without a version that mends them; None when none were given."""
    advisories_total: int | None
    license_versions: int | None


def count(
    history: History,
    now: int,
    accounts: Mapping[str, int] | None = None,
    advisories: Sequence[Advisory] | None = None,
) -> HistoryFacts:
    """Return the facts of a history as of ``now`` (seconds since 1970)."""
    commits = history.commits
    # A time that has not come is a claim of its own; it must not make a dead repository look alive.
    times = [c.time for c in commits if c.time is not None and c.time <= now + DAY]
    known = [commit for commit in commits if commit.weights is not None]
    weights = [commit for commit in known if commit.weights] if known else None
    shares = people(weights) if weights is not None else None
    released = after_release(history)
    last = max(times, default=None)
    return HistoryFacts(
        commits=len(commits),
        complete=history.complete,
        first_commit=iso(min(times, default=None)) if history.complete else None,
        last_commit=iso(last),
        days_since_last=max(0, now - last) // DAY if last is not None else None,
        people=people(commits)[:_PEOPLE_SHOWN],
        weight_commits=None if weights is None else len(weights),
        weight_people=None if shares is None else shares[:_PEOPLE_SHOWN],
        main_weight_person=shares[0].name if shares else None,
        weights_in_pointers=_stored(weights, pointer=True),
        weights_in_git=_stored(weights, pointer=False),
        signatures=_signatures(commits),
        weight_signatures=None if weights is None else _signatures(weights),
        committed_for_others=_for_others(commits),
        releases=None if history.tags is None else len(history.tags),
        last_release=released[0] if released else None,
        last_release_at=iso(released[1]) if released else None,
        commits_after_release=len(released[2]) if released else None,
        by_quarter=_quarters(times, now),
        accounts=_accounts(commits, weights, accounts),
        advisories_open=None if advisories is None else sum(not a.patched for a in advisories),
        advisories_total=None if advisories is None else len(advisories),
        license_versions=None if history.licenses is None else len(history.licenses),
    )


def people(commits: Iterable[Commit]) -> tuple[Share, ...]:
    """Return who brought commits in, most first; a person is an account or address."""
    names: dict[str, str] = {}
    found: dict[str, list[int | None]] = {}
    for commit in commits:
        who = commit.who
        names.setdefault(who.key, who.shown)
        found.setdefault(who.key, []).append(commit.time)
    shares = []
    for key, times in found.items():
        known = [time for time in times if time is not None]
        first, last = min(known, default=None), max(known, default=None)
        shares.append(Share(name=names[key], commits=len(times), first=iso(first), last=iso(last)))
    return tuple(sorted(shares, key=lambda share: (-share.commits, share.name)))


def after_release(history: History) -> tuple[str, int | None, tuple[Commit, ...]] | None:
    """Return the newest release on this history, its time and the commits after it.

    None where there is none, or tags are not known.
    """
    tagged = {tag.commit: tag.name for tag in sorted(history.tags or (), key=lambda tag: tag.name)}
    later: list[Commit] = []
    for commit in history.commits:
        if commit.id in tagged:
            return tagged[commit.id], commit.time, tuple(later)
        later.append(commit)
    return None


def iso(time: int | None) -> str | None:
    """Return a time as ``2026-11-27T05:00:00Z``; None where there is none or no calendar has it."""
    if time is None:
        return None
    try:
        return dt.datetime.fromtimestamp(time, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return None


def _stored(weights: Sequence[Commit] | None, *, pointer: bool) -> int | None:
    if weights is None:
        return None
    return sum(
        change.weights and change.pointer is pointer
        for commit in weights
        for change in commit.files or ()
    )


def _signatures(commits: Iterable[Commit]) -> dict[str, int]:
    order: tuple[Signature, ...] = ("none", "present", "verified", "bad", "unknown")
    counted = Counter(commit.signature for commit in commits)
    return {word: counted[word] for word in order if counted[word]}


def _for_others(commits: Sequence[Commit]) -> int | None:
    known = [commit for commit in commits if commit.committer is not None]
    if not known:
        return None
    return sum(commit.who.key != commit.author.key for commit in known)


def _quarters(times: Sequence[int], now: int) -> dict[str, int]:
    """Return commits by quarter up to now, the newest :data:`_QUARTERS_SHOWN`."""
    numbers = Counter(number for time in times if (number := _quarter(time)) is not None)
    if not numbers:
        return {}
    last = max([_quarter(now) or 0, *numbers])
    first = max(min(numbers), last - _QUARTERS_SHOWN + 1)
    return {f"{at // 4}-Q{at % 4 + 1}": numbers[at] for at in range(first, last + 1)}


def _quarter(time: int) -> int | None:
    try:
        day = dt.datetime.fromtimestamp(time, dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return day.year * 4 + (day.month - 1) // 3


def _accounts(
    commits: Sequence[Commit], weights: Sequence[Commit] | None, created: Mapping[str, int] | None
) -> tuple[Account, ...]:
    """Return the age of each hub account at the last commit it brought in."""
    last: dict[str, tuple[str, int | None]] = {}
    for commit in weights or commits:
        account = commit.who.account
        if account:
            last.setdefault(account.casefold(), (account, commit.time))
    found = []
    for key, (name, time) in list(last.items())[:_PEOPLE_SHOWN]:
        born = (created or {}).get(key)
        days = (time - born) // DAY if born is not None and time is not None else None
        found.append(Account(name=name, created=iso(born), days_old=days))
    return tuple(found)
