# SPDX-License-Identifier: Apache-2.0
"""Reads commit lists, accounts, activity and advisories as their services answer them.

* A hub's ``/api/models/{repo}/commits/{rev}``: a list of ``{id, title, message, date, authors:
  [{user}]}``, newest first; several pages as a list of lists.
* The list its Python client makes of it (``list_repo_commits``): ``{commit_id, authors, created_at,
  title, message}``.
* Accounts: the user overview, ``{user, createdAt}``, one, a list, or a mapping by name.
* Activity: ``{activity_type: "force_push", ref, before, after, timestamp, actor: {login}}``.
* Advisories: ``{ghsa_id, severity, state, withdrawn_at, vulnerabilities: [{patched_versions}]}``.

None of them says which files a commit changed; so nothing is said about weights.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct, structs

from steelyard.kernel.errors import InputError
from steelyard.provenance.history.model import Commit, History, Person, Rewrite

MOST_COMMITS = 20_000
_TEXT = 300
_ID = re.compile(r"\A[0-9a-fA-F]{7,64}\Z")
_FRACTION = re.compile(r"(\.\d{1,6})\d*")


class Advisory(Struct, frozen=True, kw_only=True):
    """A security advisory about the repository that still stands."""

    id: str
    severity: str
    summary: str
    patched: bool


def read_commits(data: object, file: str) -> History:
    """Return the history in a commit list.

    Raises:
        InputError: it is no such list; the message names the first entry at fault.
    """
    rows = list(_rows(data))
    if not rows:
        raise _wrong(file, "it holds no list of commits")
    commits = [_commit(row, at, file) for at, row in enumerate(rows[:MOST_COMMITS])]
    problems = []
    if len(rows) > MOST_COMMITS:
        problems.append(f"Only the first {MOST_COMMITS:,} of {len(rows):,} commits were read.")
    # The root of a repository on a hub is a commit of the hub itself; without it pages are missing.
    complete = not problems and commits[-1].title.strip().lower() == "initial commit"
    if not complete and not problems:
        problems.append(
            "The list does not end with an initial commit: older commits may be on further pages."
        )
    return History(
        source="hub",
        head=commits[0].id,
        commits=tuple(commits),
        complete=complete,
        problems=tuple(problems),
    )


def with_since(history: History, since: str) -> History:
    """Return ``history`` with whether it contains the commit recorded before.

    A list that ends before the first commit cannot say that something is not in it.
    """
    if not since:
        return history
    wanted = since.strip().lower()
    found = next((c.id for c in history.commits if len(wanted) > 6 and c.id.startswith(wanted)), "")
    contained = True if found else (False if history.complete and _ID.match(wanted) else None)
    return structs.replace(history, since=found or wanted[:64], since_is_ancestor=contained)


def read_accounts(data: object) -> dict[str, int]:
    """Return when accounts were created, by name in lower case; what is not stated is left out."""
    items: list[object] = data if isinstance(data, list) else [data]
    if isinstance(data, dict) and "createdAt" not in data and "created_at" not in data:
        items = [
            {"user": name, **value}
            if isinstance(value, dict)
            else {"user": name, "createdAt": value}
            for name, value in data.items()
        ]
    found: dict[str, int] = {}
    for item in items[:MOST_COMMITS]:
        if not isinstance(item, dict):
            continue
        name = item.get("user") or item.get("username") or item.get("name")
        created = read_time(item.get("createdAt", item.get("created_at")))
        if isinstance(name, str) and created is not None:
            found[name.casefold()] = created
    return found


def read_activity(data: object) -> tuple[Rewrite, ...]:
    """Return the force pushes in a list of activity."""
    found = []
    for item in (data if isinstance(data, list) else [])[:MOST_COMMITS]:
        if isinstance(item, dict) and item.get("activity_type") == "force_push":
            actor = item.get("actor")
            login = actor.get("login") if isinstance(actor, dict) else ""
            found.append(
                Rewrite(
                    branch=_text(item.get("ref")).removeprefix("refs/heads/"),
                    before=_text(item.get("before")),
                    after=_text(item.get("after")),
                    time=read_time(item.get("timestamp")),
                    who=_text(login),
                    source="activity",
                )
            )
    return tuple(found)


def read_advisories(data: object) -> tuple[Advisory, ...]:
    """Return the advisories that were published and not withdrawn or closed."""
    found = []
    for item in (data if isinstance(data, list) else [])[:MOST_COMMITS]:
        if not isinstance(item, dict) or item.get("withdrawn_at"):
            continue
        if _text(item.get("state")) not in ("", "published"):
            continue
        holes = item.get("vulnerabilities")
        patched = isinstance(holes, list) and bool(holes) and all(map(_is_patched, holes))
        found.append(
            Advisory(
                id=_text(item.get("ghsa_id") or item.get("id")),
                severity=_text(item.get("severity")).lower() or "unknown",
                summary=_text(item.get("summary")),
                patched=patched,
            )
        )
    return tuple(found)


def read_time(value: object) -> int | None:
    """Return a time of ISO 8601, or seconds, as seconds since 1970; None if it is neither."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return int(value) if abs(value) < 2**40 else None
    if not isinstance(value, str) or len(value) > 60:
        return None
    try:
        time = dt.datetime.fromisoformat(_FRACTION.sub(r"\1", value.strip()))
        return int((time if time.tzinfo else time.replace(tzinfo=dt.UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


def _rows(data: object) -> Iterator[object]:
    """Yield entries of a list, of pages, or of an object that holds them under ``commits``."""
    if isinstance(data, dict):
        data = data.get("commits", data.get("pages"))
    for item in data if isinstance(data, list) else []:
        if isinstance(item, list):
            yield from item
        else:
            yield item


def _commit(row: object, at: int, file: str) -> Commit:
    if not isinstance(row, dict):
        raise _wrong(file, f"entry {at} is no object")
    name = row.get("id", row.get("commit_id"))
    if not isinstance(name, str) or not _ID.match(name):
        raise _wrong(file, f"entry {at} has no commit id")
    people = row.get("authors")
    accounts = [_account(person) for person in people] if isinstance(people, list) else []
    first = next((account for account in accounts if account), "")
    time = read_time(row.get("date", row.get("created_at")))
    return Commit(
        id=name.lower(),
        parents=None,
        author=Person(account=first),
        committer=None,
        authored=None,
        committed=time,
        title=_text(row.get("title")),
    )


def _account(person: object) -> str:
    if isinstance(person, dict):
        person = person.get("user") or person.get("name")
    return _text(person)[:100]


def _is_patched(hole: Any) -> bool:
    if not isinstance(hole, Mapping):
        return False
    version = hole.get("patched_versions") or hole.get("first_patched_version")
    return bool(version)


def _text(value: object) -> str:
    return " ".join(value[:2_000].split())[:_TEXT] if isinstance(value, str) else ""


def _wrong(file: str, why: str) -> InputError:
    return InputError(
        f"{file} is no commit list: {why}.",
        next_step="Save what the hub answers at /api/models/ORG/NAME/commits/main, or name the "
        "directory of a clone.",
        code="history.commits",
    )
