# SPDX-License-Identifier: Apache-2.0
"""How a server gets its first charter, and how adoptions are signed with its ledger's key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from steelyard.bootstrap.house import House
from steelyard.bootstrap.texts import charter_texts
from steelyard.catalog.charters import NAMES, charter_text
from steelyard.governance.charters import change, queries
from steelyard.governance.charters.facts import ProposalView
from steelyard.kernel.actor import SYSTEM
from steelyard.ledger.adoption import Adoption, SealedAdoption, seal_adoption
from steelyard.platform.log.state import present_key
from steelyard.platform.work import Work


def sealer(house: House, work: Work) -> change.Seal:
    """Return what signs an adoption with the key of the ledger, in this transaction."""
    signer, key = present_key(work.session, house.keys, work.now)

    def seal(adoption: Adoption, documents: Mapping[str, bytes]) -> SealedAdoption:
        return seal_adoption(adoption, documents, signer, key)

    return seal


def found_charter(house: House, name: str) -> ProposalView | None:
    """Bring the charter ``name`` (a shipped profile, or a file) into force if none is yet.

    Raises:
        InputError: there is no such profile or file, or the charter has errors.
    """
    with house.reading() as session:
        if queries.current_row(session, house.clock().date()) is not None:
            return None
    draft = _draft(name)

    def found(work: Work) -> ProposalView | None:
        if queries.current_row(work.session, work.today) is not None:
            return None  # another process was first
        made = change.propose(work, SYSTEM, draft)
        return change.adopt(
            work, SYSTEM, made.id,
            seal=sealer(house, work), store=house.blobs.put_bytes, founding=True,
        )  # fmt: skip

    return house.transact(found)


def _draft(name: str) -> change.Draft:
    if name in NAMES:
        return change.Draft(file=f"{name}.yaml", texts={f"{name}.yaml": charter_text(name)})
    file, texts = charter_texts(Path(name))
    return change.Draft(file=file, texts=texts, why=f"The first charter, from {file}.")
