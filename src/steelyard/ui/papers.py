# SPDX-License-Identifier: Apache-2.0
"""Documents that pages read: assessments and snapshots, by digest, a few of them kept in memory.

A document is named by its digest, so one that was read once never changes.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

from steelyard.bootstrap.house import House
from steelyard.governance.assessment.views import DOCUMENT_MOST, read_assessment
from steelyard.governance.inventory.comparing import SNAPSHOT_MOST
from steelyard.governance.inventory.snapshot import Snapshot, read_snapshot
from steelyard.kernel.assessment import Assessment

T = TypeVar("T")
_KEPT, _KEPT_BYTES = 16, 8 * 1024 * 1024
"""How many documents are kept, and how large each may be."""
_documents: OrderedDict[tuple[str, str], Any] = OrderedDict()
_lock = threading.Lock()


def assessment_of(house: House, documents: dict[str, str]) -> Assessment | None:
    """Return the assessment among these documents, by name → digest; None while it runs.

    Raises:
        IntegrityError: the document was changed where it lies.
    """
    digest = documents.get("assessment.json")
    return _read(house, "assessment", digest, DOCUMENT_MOST, read_assessment) if digest else None


def snapshot_of(house: House, digest: str) -> Snapshot:
    """Return what the examination of a revision showed.

    Raises:
        IntegrityError: the document was changed where it lies.
    """
    return _read(house, "snapshot", digest, SNAPSHOT_MOST, read_snapshot)


def _read(house: House, kind: str, digest: str, most: int, parse: Callable[[bytes], T]) -> T:
    key = (kind, digest)
    with _lock:
        kept: T | None = _documents.get(key)
        if kept is not None:
            _documents.move_to_end(key)
            return kept
    data = house.blobs.read(digest, most=most)
    found = parse(data)
    if len(data) <= _KEPT_BYTES:
        with _lock:
            _documents[key] = found
            while len(_documents) > _KEPT:
                _documents.popitem(last=False)
    return found
