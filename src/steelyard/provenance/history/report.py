# SPDX-License-Identifier: Apache-2.0
"""Puts facts and observations of a history together: the one entry point of this package."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from steelyard.provenance.history.facts import DAY, HistoryFacts, count
from steelyard.provenance.history.hub import Advisory
from steelyard.provenance.history.licenses import Judge, LicenseChange, license_changes
from steelyard.provenance.history.model import HISTORY_SCHEMA, History, Observation
from steelyard.provenance.history.observe import Seen, observe


class HistoryReport(Struct, frozen=True, kw_only=True):
    """The document ``steelyard history --format json`` prints."""

    source: str
    head: str
    since: str
    """The commit recorded before, in full; empty when none was given."""
    since_is_ancestor: bool | None
    facts: HistoryFacts
    license_changes: tuple[LicenseChange, ...] | None
    """None where no license texts and cards were read."""
    observations: tuple[Observation, ...]
    problems: tuple[str, ...]
    schema: str = HISTORY_SCHEMA


class PublisherRecord(Struct, frozen=True, kw_only=True):
    """What the repositories of one publisher have in common. Counts of repositories."""

    publisher: str
    repositories: int
    complete: int
    with_releases: int
    signed_weights: int
    """Whose newest facts show a signature on every commit of weights."""
    rewritten: int
    license_changed: int
    new_committer: int
    stale: int
    open_advisories: int
    not_known: int
    """Whose source does not say which files changed."""


def judge_history(
    history: History,
    now: int,
    *,
    accounts: Mapping[str, int] | None = None,
    advisories: Sequence[Advisory] | None = None,
    direction: Judge | None = None,
) -> HistoryReport:
    """Return facts and observations of ``history`` as of ``now`` (seconds since 1970).

    ``accounts`` says when hub accounts were created, ``advisories`` what is known against the
    repository, ``direction`` how one license key relates to another. What is not given is unknown.
    """
    facts = count(history, now, accounts, advisories)
    changes = license_changes(history.licenses, direction)
    seen = Seen(
        history=history,
        facts=facts,
        now=now,
        accounts=accounts or {},
        advisories=tuple(advisories or ()),
        license_changes=changes,
    )
    return HistoryReport(
        source=history.source,
        head=history.head,
        since=history.since,
        since_is_ancestor=history.since_is_ancestor,
        facts=facts,
        license_changes=None if history.licenses is None else changes,
        observations=observe(seen),
        problems=history.problems,
    )


def publisher_record(publisher: str, reports: Iterable[HistoryReport]) -> PublisherRecord:
    """Return what the repositories of a publisher show together."""
    listed = list(reports)
    seen = [{item.id for item in report.observations} for report in listed]

    def having(*names: str) -> int:
        return sum(bool(found & set(names)) for found in seen)

    return PublisherRecord(
        publisher=publisher,
        repositories=len(listed),
        complete=sum(report.facts.complete for report in listed),
        with_releases=sum(bool(report.facts.releases) for report in listed),
        signed_weights=sum(_all_signed(report.facts) for report in listed),
        rewritten=having("history-rewritten", "force-push"),
        license_changed=having("license-changed", "license-removed"),
        new_committer=having("new-weight-committer", "new-author-after-silence"),
        stale=having("stale"),
        open_advisories=having("open-advisories"),
        not_known=sum(report.facts.weight_commits is None for report in listed),
    )


def _all_signed(facts: HistoryFacts) -> bool:
    counted = facts.weight_signatures
    return bool(counted) and not set(counted or {}) & {"none", "bad", "unknown"}


__all__ = ["DAY", "HistoryReport", "PublisherRecord", "judge_history", "publisher_record"]
