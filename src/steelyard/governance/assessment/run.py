# SPDX-License-Identifier: Apache-2.0
"""Makes an assessment on the server: everything that takes long, outside of any transaction.

:func:`assess` does the job ``request.assess``, :func:`refresh` the job ``assessment.refresh``. Each
returns the change to commit, which is :mod:`finish`. Whatever goes wrong lowers the verdict or ends
in a failed assessment; nothing passes because something could not be done.
"""

from __future__ import annotations

import threading
import time
from pathlib import PurePath
from typing import Any

import msgspec
from msgspec import Struct, structs

from steelyard.catalog.edition import catalog_sha256
from steelyard.governance.assessment import begin
from steelyard.governance.assessment.begin import Order
from steelyard.governance.assessment.bring import Source, bring, keep, quarantine, resolve
from steelyard.governance.assessment.documents import documents_of
from steelyard.governance.assessment.finish import Assessed, Made, finish
from steelyard.governance.assessment.plugins import plugins_of
from steelyard.governance.assessment.premises import Premises, scanner_now
from steelyard.governance.assessment.queries import examination_of
from steelyard.governance.assessment.service import weigh
from steelyard.governance.assessment.views import DOCUMENT_MOST, INSPECTION, SNAPSHOT
from steelyard.governance.assessment.waivers import capped, with_waivers
from steelyard.governance.charters.facts import Policy
from steelyard.governance.charters.queries import current
from steelyard.governance.inventory import queries as inventory
from steelyard.governance.inventory.reference import Reference, read
from steelyard.governance.inventory.snapshot import Snapshot, read_snapshot, snapshot_of
from steelyard.governance.inventory.tables import RevisionRow
from steelyard.governance.use_cases.tables import UseCaseRow
from steelyard.kernel.actor import SYSTEM
from steelyard.kernel.errors import ConflictError, InputError, IntegrityError
from steelyard.kernel.finding import Coverage
from steelyard.kernel.inspection import Inspection, PluginRef
from steelyard.kernel.limits import DEFAULT_LIMITS
from steelyard.kernel.use_case import UseCase
from steelyard.platform.known_bad import advisories_digest
from steelyard.platform.sandbox import PAPERS_AND_BYTES
from steelyard.platform.sandbox import begin as begin_examination
from steelyard.platform.tree import walk
from steelyard.platform.work import Work

_BEAT = 1.0
"""Seconds between two notes of progress."""


class Effect(Struct, frozen=True, kw_only=True):
    """The change that commits an assessment; without one that was made, it changes nothing."""

    order: Order | None = None
    made: Made | None = None

    def __call__(self, work: Work) -> Assessed | None:
        """Commit what was made."""
        if self.order is None or self.made is None:
            return None
        return finish(work, self.order, self.made)


class _Basis(Struct, frozen=True):
    """What is judged by."""

    policy: Policy
    use_case: UseCase
    use_case_sha256: str
    plugins: tuple[PluginRef, ...]


class _Known(Struct, frozen=True):
    """What the inventory and earlier examinations hold of a revision."""

    inspection: Inspection | None = None
    fresh: bool = False
    """It was made by the scanner and with the lists of today, and nothing was left unexamined."""
    parent: Snapshot | None = None
    revision: str = ""
    """Its id in the inventory."""


def assess(premises: Premises, payload: dict[str, Any]) -> Effect:
    """Assess a submitted request; ``{"request": id, "round": number}``."""
    return _run(premises, premises.transact(lambda work: begin.for_request(work, payload)))


def refresh(premises: Premises, payload: dict[str, Any]) -> Effect:
    """Assess an adoption again; ``{"assessment": id of the newest, "why": words}``."""
    return _run(premises, premises.transact(lambda work: begin.for_refresh(work, payload)))


def _run(premises: Premises, order: Order | None) -> Effect:
    if order is None:
        return Effect()
    try:
        made = make(premises, order)
    except Exception as error:
        said = error
        if premises.transact(lambda work: begin.fail(work, order, said)):
            return Effect()
        raise
    return Effect(order=order, made=made)


def make(premises: Premises, order: Order) -> Made:
    """Bring, examine and weigh what an order names; nothing is committed but progress."""
    basis = _basis(premises, order)
    source = _source(premises, order)
    known = _known(premises, order, source, basis.plugins)
    if known.fresh and known.inspection is not None:
        inspection = known.inspection
    else:
        inspection = _examine(premises, order, source, basis.plugins, known.inspection)
    _note(premises, order, state="evaluating")
    waivers = premises.waivers(order.request, known.revision, order.use_case, order.environment)
    weighed = weigh(
        PurePath(source.name),
        inspection,
        charter=with_waivers(basis.policy.charter, waivers),
        identity=basis.policy.identity,
        use_case=basis.use_case,
        environment=order.environment,
        now=premises.clock(),
        purl=source.purl or None,
    )
    weighed = capped(weighed, waivers)
    snapshot = snapshot_of(weighed.assessment, inspection)
    documents = documents_of(weighed)
    documents[INSPECTION] = msgspec.json.encode(inspection)
    documents[SNAPSHOT] = msgspec.json.encode(snapshot)
    return Made(
        weighed=weighed,
        source=source,
        snapshot=snapshot,
        parent=known.parent,
        documents={name: premises.blobs.put_bytes(data) for name, data in documents.items()},
        charter_sha256=basis.policy.identity.sha256,
        catalog=catalog_sha256(),
        use_case_sha256=basis.use_case_sha256,
        advisories=advisories_digest(),
        exceptions=tuple(sorted(waiver.exception for waiver in waivers)),
    )


def _basis(premises: Premises, order: Order) -> _Basis:
    with premises.reading() as session:
        row = session.get_one(UseCaseRow, order.use_case)
        policy = current(session, premises.clock().date(), row.unit)
        use_case, sha256 = msgspec.convert(row.facts, UseCase), row.facts_sha256
    return _Basis(policy, use_case, sha256, plugins_of(policy.charter))


def _source(premises: Premises, order: Order) -> Source:
    """Return where the bytes are; a revision of the inventory is looked up."""
    reference = read(order.reference)
    if reference.kind == "directory" and not premises.settings.local_models:
        raise InputError(
            "This server does not take models from its own directories.",
            next_step="Upload the files, or name a model on a hub.",
            code="reference.directory",
        )
    if reference.kind != "known":
        return resolve(reference)
    with premises.reading() as session:
        row = inventory.revision_row(session, SYSTEM, reference.name)
        model = inventory.model_row(session, SYSTEM, row.model)
        purl, revision, name = row.purl, row.id, row.name
        publisher, model_purl = model.publisher, model.purl
    named = read(purl) if "@" in purl or "checksum=" in purl else Reference(kind="known", name=purl)
    found = resolve(named)
    return structs.replace(
        found, purl=purl, name=name, publisher=publisher, model_purl=model_purl, revision=revision
    )


def _known(
    premises: Premises, order: Order, source: Source, plugins: tuple[PluginRef, ...]
) -> _Known:
    """Return what is known of the revision, and of the one before it."""
    unit = "" if source.model_kind == "upstream" else order.unit
    with premises.reading() as session:
        model = inventory.model_by_purl(session, source.model_purl, unit)
        row: RevisionRow | None = None
        if source.revision:
            row = inventory.revision_row(session, SYSTEM, source.revision)
        elif model is not None and source.purl:
            row = inventory.revision_by_purl(session, model.id, source.purl)
        if row is not None and row.state in ("retired", "tombstoned"):
            raise ConflictError(
                f"The revision {row.id} is {row.state}.",
                next_step=f"Ask for {row.replacement or 'another revision'} instead.",
                code="revision.ended",
            )
        known = row.id if row is not None else ""
        before = None
        if row is not None and row.parent:
            before = inventory.revision_row(session, SYSTEM, row.parent)
        elif model is not None:
            before = inventory.latest_of(session, model.id, but=row.id if row else "")
        parent = before.snapshot if before is not None else ""
        seen = examination_of(session, row.id) if row is not None else None
        digest, rules, lists = (
            (seen.inspection, seen.rules_digest, seen.advisories) if seen else ("", "", "")
        )
    inspection = None
    if digest:
        inspection = _read_inspection(premises.blobs.read(digest, most=DOCUMENT_MOST))
    return _Known(
        inspection=inspection,
        fresh=inspection is not None
        and (rules, lists) == (scanner_now(plugins).rules_digest, advisories_digest())
        and all(file.coverage is Coverage.FULL for file in inspection.files),
        revision=known,
        parent=read_snapshot(premises.blobs.read(parent, most=DOCUMENT_MOST)) if parent else None,
    )


def _examine(
    premises: Premises,
    order: Order,
    source: Source,
    plugins: tuple[PluginRef, ...],
    kept: Inspection | None,
) -> Inspection:
    """Bring the bytes into quarantine, examine them in the sandbox, keep them by digest."""
    with quarantine(premises.settings.data, order.assessment) as directory:
        _note(premises, order, state="fetching")
        coming = _Coming(premises, order)
        tree = walk(bring(source, directory, premises.blobs, kept, coming), DEFAULT_LIMITS)
        total = sum(file.size for file in tree.files)
        _note(
            premises, order, state="scanning", bytes_done=0, bytes_total=total,
            files_total=len(tree.files),
        )  # fmt: skip
        with begin_examination(
            tree, tasks=PAPERS_AND_BYTES, plugins=plugins, progress=_Beat(premises, order)
        ) as running:
            inspection = running.result()
        return keep(tree, inspection, premises.blobs)


class _Beat:
    """Writes progress down, not more often than people can read."""

    def __init__(self, premises: Premises, order: Order) -> None:
        self._premises, self._order = premises, order
        self._done, self._last = 0, time.monotonic()

    def __call__(self, _path: str, done: int) -> None:
        self._done += done
        if time.monotonic() - self._last >= _BEAT:
            self._last = time.monotonic()
            _note(self._premises, self._order, bytes_done=self._done)


class _Coming:
    """Writes down how many bytes were fetched; called from the client's own threads."""

    def __init__(self, premises: Premises, order: Order) -> None:
        self._premises, self._order = premises, order
        self._last, self._lock = time.monotonic(), threading.Lock()

    def __call__(self, done: int, total: int) -> None:
        with self._lock:
            if time.monotonic() - self._last < _BEAT:
                return
            self._last = time.monotonic()
        _note(self._premises, self._order, bytes_done=done, bytes_total=max(done, total))


def _note(premises: Premises, order: Order, **values: Any) -> None:
    premises.transact(lambda work: begin.note(work, order.assessment, **values))


def _read_inspection(data: bytes) -> Inspection:
    try:
        return msgspec.json.decode(data, type=Inspection)
    except (msgspec.DecodeError, RecursionError) as error:
        raise IntegrityError(
            f"What was kept of an earlier examination cannot be read: {error}.",
            next_step="Delete it from the store of files and assess again.",
            code="assessment.inspection",
        ) from error
