# SPDX-License-Identifier: Apache-2.0
"""Which rows somebody sees: those of their own units, or of all if their role has to.

Every room says once, beside each of its tables, what :class:`Kind` of thing a row is and which of
its columns tell whose it is; reads, lists and the ledger's words all ask that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, false, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from steelyard.kernel.actor import ASSESSOR, Actor
from steelyard.kernel.errors import MissingError
from steelyard.platform.database.base import Base
from steelyard.platform.identity.permissions import sees_all

R = TypeVar("R", bound=Base)
S = TypeVar("S", bound=Select[*tuple[Any, ...]])
Column = InstrumentedAttribute[str]
Tie = Callable[[Actor], ColumnElement[bool]]
_KINDS: dict[str, Kind[Any]] = {}


class Kind(Generic[R]):
    """The rows of one table: how their ids begin, what one is called, and who sees it.

    Rows of no unit (an empty name) are everybody's. Whoever is limited to some use cases (a token
    by its scope, an external assessor by what was opened to them) sees only rows of those: by the
    column ``use_case``, else by what later rooms said with :meth:`tie`.
    """

    def __init__(
        self,
        row: type[R],
        prefix: str,
        name: str,
        *,
        id: Column,  # noqa: A002 # what the column is called
        unit: Column,
        use_case: Column | None = None,
        environment: Column | None = None,
        shared: bool = False,
        code: str,
        find_by: str = "",
    ) -> None:
        """``shared``: most rows are the world's and of no use case, so that only an assessor is
        kept to those of theirs. ``code`` and ``find_by`` are the error, and the next step, for an
        id that leads nowhere."""
        self.row, self.name, self.code = row, name, code
        self.id, self.unit = id, unit
        self._use_case, self._environment = use_case, environment
        self._shared = shared
        self._find_by = find_by or f"List the {name}s you can see to find its id."
        self._ties: list[Tie] = []
        _KINDS[prefix] = self

    def tie(self, tie: Tie) -> None:
        """Have rows that ``tie`` holds for belong to the use cases the actor is limited to."""
        self._ties.append(tie)

    def limits(self, actor: Actor) -> list[ColumnElement[bool]]:
        """Return what must hold for a row to be seen by ``actor``."""
        found = self._scope_limits(actor)
        if not sees_all(actor):
            found.append(self.unit.in_(_units(actor)))
        return found

    def _scope_limits(self, actor: Actor) -> list[ColumnElement[bool]]:
        scope = actor.scope
        found: list[ColumnElement[bool]] = []
        outsider = ASSESSOR in actor.roles
        if outsider and not scope.use_cases:
            found.append(false())
        elif scope.use_cases and self._use_case is not None:
            found.append(self._use_case.in_(scope.use_cases))
        elif outsider or (scope.use_cases and self._ties and not self._shared):
            found.append(or_(false(), *(tie(actor) for tie in self._ties)))
        if scope.environments and self._environment is not None:
            found.append(self._environment.in_(scope.environments))
        return found

    def seen(self, query: S, actor: Actor) -> S:
        """Return ``query``, which selects from the table, limited to what the actor may see."""
        return query.where(*self.limits(actor))

    def ids(self, actor: Actor, column: InstrumentedAttribute[str] | None = None) -> Select[str]:
        """Return what selects ``column``, else the id, of every row the actor may see."""
        return self.seen(select(self.id if column is None else column), actor)

    def one(self, session: Session, actor: Actor, row_id: str, *, lock: bool = False) -> R:
        """Return one row, locked until the transaction ends if it will be changed.

        Raises:
            MissingError: there is none, or the actor may not see it.
        """
        query = self.seen(select(self.row).where(self.id == row_id), actor)
        row = session.scalar(query.with_for_update() if lock else query)
        if row is None:
            raise MissingError(
                f"There is no {self.name} {row_id!r}.",
                next_step=self._find_by,
                code=self.code,
            )
        return row

    def newest(
        self,
        actor: Actor,
        *,
        limit: int,
        after: tuple[Any, ...] | None,
        wanted: Iterable[tuple[InstrumentedAttribute[Any], Any]] = (),
    ) -> Select[R]:
        """Return what selects up to ``limit`` rows the actor may see, newest first.

        ``after`` holds the id of the last row of the page before; of ``wanted``, columns with a
        value of None are left out.
        """
        query = select(self.row).order_by(self.id.desc()).limit(limit)
        if self._shared:
            query = query.where(*self._scope_limits(actor))
            if not sees_all(actor):
                # Everybody sees most rows. An index on the unit would find all of those and sort
                # them for every page; the empty text added here keeps it from being used.
                query = query.where(self.unit.concat("").in_(_units(actor)))
        else:
            query = self.seen(query, actor)
        if after is not None:
            query = query.where(self.id < str(after[0]))
        return equal(query, wanted)


def equal(query: S, wanted: Iterable[tuple[InstrumentedAttribute[Any], Any]]) -> S:
    """Return ``query`` limited to rows with these values; None stands for any."""
    return query.where(*(column == value for column, value in wanted if value is not None))


def reaches(actor: Actor, unit: str) -> bool:
    """Tell whether the actor may see rows of ``unit``."""
    return sees_all(actor) or unit == "" or unit in actor.units


def unlimited(actor: Actor) -> bool:
    """Tell whether nothing at all is kept from the actor: neither by units nor by a scope."""
    return sees_all(actor) and not (actor.scope.use_cases or actor.scope.environments)


def visible(session: Session, actor: Actor, ids: Collection[str]) -> set[str]:
    """Return those of ``ids`` that name a row, of whatever kind, which the actor may see."""
    by_kind: dict[str, list[str]] = {}
    for each in sorted(set(ids)):
        by_kind.setdefault(each.partition("_")[0], []).append(each)
    found: set[str] = set()
    for prefix, some in by_kind.items():
        kind = _KINDS.get(prefix)
        if kind is not None:
            found.update(session.scalars(kind.ids(actor).where(kind.id.in_(some))))
    return found


def readable(session: Session, actor: Actor, events: Sequence[tuple[str, str]]) -> list[bool]:
    """Tell of each event, given its subject and what it is about, whether the actor may read its
    words.

    That takes sight of the subject, and of what it is about where that is a thing of some unit too.
    Subjects that belong to no unit (accounts, keys, webhooks) are for those from whom nothing is
    kept.
    """
    if unlimited(actor):
        return [True] * len(events)
    seen = visible(session, actor, {each for pair in events for each in pair if each})
    return [
        subject in seen and (about in seen or about.partition("_")[0] not in _KINDS)
        for subject, about in events
    ]


def _units(actor: Actor) -> list[str]:
    return [*sorted(actor.units), ""]
