# SPDX-License-Identifier: Apache-2.0
"""The charter in force as a handbook, every version of it, its source, and two compared."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Annotated, Any, NamedTuple

from fastapi import Query
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard.api.listing import Asked
from steelyard.charter.diff.changes import Change, CharterDiff
from steelyard.charter.diff.compare import compare
from steelyard.governance.charters import queries
from steelyard.governance.charters.facts import CharterView
from steelyard.governance.charters.tables import CharterRow
from steelyard.kernel.errors import MissingError
from steelyard.kernel.limits import MIB
from steelyard.reporting import charter_diff
from steelyard.ui.charter import book
from steelyard.ui.door import Looking, Pages, Viewer
from steelyard.ui.tables import Column, export, listed
from steelyard.ui.texts import mark

pages = Pages()
_COLUMNS = (
    Column("version_name", mark("Version"), "name", "/charter/{sha256}"),
    Column("name", mark("Name")),
    Column("unit", mark("Unit")),
    Column("effective", mark("In force from"), "day"),
    Column("until", mark("Until"), "day", shown=False),
    Column("in_force", mark("In force now"), "bool"),
    Column("owner", mark("Owner")),
    Column("adopted_at", mark("Adopted"), "when"),
    Column("sha256", mark("Digest"), "code"),
)
_SOURCE_MOST = 4 * MIB


class Source(NamedTuple):
    """One text a charter was written in, by lines."""

    name: str
    lines: list[str]


class Group(NamedTuple):
    """Changes of one direction, the ones a person must look at first."""

    direction: str
    changes: list[Change]


@pages.page("/charter", right="charter.read")
def current(viewer: Viewer, unit: Annotated[str, Query(max_length=100)] = "") -> Response:
    """Show the charter in force, of a unit or of everybody."""
    today = viewer.house.clock().date()

    def ask(session: Session) -> tuple[Any, CharterView]:
        found = queries.current(session, today, unit)
        return found, queries.get(session, found.identity.sha256, today)

    policy, view = viewer.find(ask)
    return viewer.show(
        "charter/book.html", **book.shown(policy), view=view, parts=book.PARTS, current=True
    )


@pages.page("/charter/versions", right="charter.read")
def versions(viewer: Viewer, asked: Asked) -> Response:
    """List every charter that was adopted."""
    today = viewer.house.clock().date()
    table = listed(
        viewer, asked, _COLUMNS, (),
        lambda session, **how: queries.find(session, today, **how),
        key=lambda row: (_id_of(viewer, row),),
    )  # fmt: skip
    return export(viewer, table) or viewer.show("charter/versions.html", table=table)


def _id_of(viewer: Looking, row: CharterView) -> str:
    """Return what versions are sorted by, which their view does not tell."""
    found = viewer.find(
        lambda session: session.scalar(
            select(CharterRow.id).where(
                CharterRow.sha256 == row.sha256, CharterRow.adopted_at == row.adopted_at
            )
        )
    )
    return found or ""


@pages.page("/charter/compare", right="charter.read")
def compared(
    viewer: Viewer,
    old: Annotated[str, Query(alias="from", max_length=64)] = "",
    new: Annotated[str, Query(alias="to", max_length=64)] = "",
) -> Response:
    """Compare two adopted charters by meaning; what is not named is the one in force."""
    today = viewer.house.clock().date()

    def ask(session: Session) -> tuple[CharterDiff, list[CharterView]]:
        present = queries.current(session, today)
        after = queries.policy_of(session, new) if new else present
        before = old or queries.get(session, after.identity.sha256, today).previous
        start = queries.policy_of(session, before) if before else after
        known = queries.find(session, today, limit=200)
        return compare(start.charter, after.charter), known

    diff, known = viewer.find(ask)
    return viewer.show(
        "charter/compare.html", diff=diff, groups=groups_of(diff), known=known,
        cases_of=charter_diff.cases_of, wording_of=charter_diff.wording_of,
    )  # fmt: skip


def groups_of(diff: CharterDiff) -> list[Group]:
    """Return the changes by direction, what a person must look at first."""
    order = {direction: place for place, direction in enumerate(charter_diff.ORDER)}
    ordered = sorted(diff.changes, key=lambda change: order[change.direction])
    return [
        Group(direction, list(changes))
        for direction, changes in groupby(ordered, key=lambda change: change.direction)
    ]


@pages.page("/charter/{sha256}", right="charter.read")
def version(viewer: Viewer, sha256: str) -> Response:
    """Show one adopted version as a handbook."""
    today = viewer.house.clock().date()
    policy, view = viewer.find(
        lambda session: (
            queries.policy_of(session, sha256), queries.get(session, sha256, today)
        )
    )  # fmt: skip
    return viewer.show(
        "charter/book.html", **book.shown(policy), view=view, parts=book.PARTS, current=False
    )


@pages.page("/charter/{sha256}/source", right="charter.read")
def source(viewer: Viewer, sha256: str) -> Response:
    """Show the texts a version was written in, with numbered lines."""
    today = viewer.house.clock().date()

    def ask(session: Session) -> tuple[CharterView, dict[str, str], bytes]:
        view = queries.get(session, sha256, today)
        row = session.scalar(select(CharterRow).where(CharterRow.sha256 == sha256).limit(1))
        assert row is not None
        return view, row.files, row.canonical

    view, files, canonical = viewer.find(ask)
    found = [
        Source(name, _lines(viewer, digest))
        for name, digest in sorted(files.items())
        if name.startswith("source-")
    ]
    resolved = json.dumps(json.loads(canonical), indent=2, ensure_ascii=False).splitlines()
    whole = Source("charter.json", resolved) if viewer.request.query_params.get("all") else None
    return viewer.show("charter/source.html", view=view, sources=found, whole=whole)


def _lines(viewer: Looking, digest: str) -> list[str]:
    try:
        data = viewer.house.blobs.read(digest, most=_SOURCE_MOST)
    except MissingError:
        return [viewer.say("The text is not kept any more.")]
    return data.decode("utf-8", "replace").splitlines()
