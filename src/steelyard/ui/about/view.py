# SPDX-License-Identifier: Apache-2.0
"""What this server is: versions, how old its knowledge is, its keys, and its ledger."""

from __future__ import annotations

import platform

from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard import __version__
from steelyard.catalog.edition import catalog_sha256
from steelyard.kernel.errors import MissingError
from steelyard.platform.log import entries
from steelyard.platform.log.entries import LedgerView
from steelyard.ui.about.ages import ages
from steelyard.ui.door import Pages, Viewer

pages = Pages()


def _ledger(session: Session) -> LedgerView | None:
    try:
        return entries.ledger(session)
    except MissingError:  # not begun yet: a server nobody has used
        return None


@pages.page("/about", right="about.read")
def about(viewer: Viewer) -> Response:
    """Show what this server is."""
    database = viewer.house.database.engine.dialect
    return viewer.show(
        "about/about.html",
        version=__version__,
        python=platform.python_version(),
        database=database.name,
        catalog=catalog_sha256(),
        ages=ages(),
        ledger=viewer.find(_ledger) if viewer.may("ledger.read") else None,
        people=viewer.may("identity.read"),
    )
