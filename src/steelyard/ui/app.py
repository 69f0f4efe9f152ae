# SPDX-License-Identifier: Apache-2.0
"""Puts the pages on the API: one application that serves both."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware

from steelyard.api.app import create_app
from steelyard.bootstrap.house import House
from steelyard.kernel.actor import Actor
from steelyard.ui import assets, errors, preferences
from steelyard.ui.about import view as about
from steelyard.ui.account import tokens
from steelyard.ui.account import view as account
from steelyard.ui.actions import view as actions
from steelyard.ui.admin import view as admin
from steelyard.ui.assessments import view as assessments
from steelyard.ui.blocked import view as blocked
from steelyard.ui.charter import proposals as charter_proposals
from steelyard.ui.charter import view as charter
from steelyard.ui.clocks import view as clocks
from steelyard.ui.controls import catalog
from steelyard.ui.controls import view as controls
from steelyard.ui.decisions import acts as decision_acts
from steelyard.ui.decisions import lists as decision_lists
from steelyard.ui.decisions import view as decisions
from steelyard.ui.delegations import view as delegations
from steelyard.ui.design import view as design
from steelyard.ui.door import Pages
from steelyard.ui.emergencies import view as emergencies
from steelyard.ui.evidence import attach as evidence_attach
from steelyard.ui.evidence import view as evidence
from steelyard.ui.exceptions import ask as exception_ask
from steelyard.ui.exceptions import lists as exception_lists
from steelyard.ui.exceptions import view as exceptions
from steelyard.ui.go import view as go
from steelyard.ui.home import view as home
from steelyard.ui.intake import view as intake
from steelyard.ui.ledger import view as ledger
from steelyard.ui.login import view as login
from steelyard.ui.models import assessed, related
from steelyard.ui.models import revisions as model_revisions
from steelyard.ui.models import view as models
from steelyard.ui.notifications import view as notifications
from steelyard.ui.requests import view as requests
from steelyard.ui.reviews import acts as review_acts
from steelyard.ui.reviews import lists as review_lists
from steelyard.ui.reviews import view as reviews
from steelyard.ui.revisions import view as revisions
from steelyard.ui.risks import view as risks
from steelyard.ui.search import view as search
from steelyard.ui.suppliers import edit as supplier_edit
from steelyard.ui.suppliers import view as suppliers
from steelyard.ui.use_cases import view as use_cases

PAGES: tuple[Pages, ...] = (
    about.pages,
    account.pages,
    tokens.pages,
    *admin.PAGES,
    clocks.pages,
    assessed.pages,
    assessments.pages,
    evidence_attach.pages,
    evidence.pages,
    model_revisions.pages,
    models.pages,
    related.pages,
    revisions.pages,
    supplier_edit.pages,
    suppliers.pages,
    home.pages,
    login.pages,
    notifications.pages,
    preferences.pages,
    search.pages,
    design.pages,
    blocked.pages,
    intake.pages,  # before requests: /requests/new is not the id of one
    requests.pages,
    use_cases.pages,
    charter_proposals.pages,
    charter.pages,
    controls.pages,
    catalog.pages,
    ledger.pages,
    actions.pages,
    decision_lists.pages,
    decisions.pages,
    decision_acts.pages,
    delegations.pages,
    emergencies.pages,
    exception_lists.pages,
    exception_ask.pages,
    exceptions.pages,
    go.pages,
    review_lists.pages,
    reviews.pages,
    review_acts.pages,
    risks.pages,
)


FILES = ("application/octet-stream", "application/zip", "application/x-tar")
"""Kinds of content that are sent as they are."""


def create_site(house: House, authenticate: Callable[[Request], Actor | None]) -> FastAPI:
    """Return the application with API and pages; ``authenticate`` says who makes a call."""
    app = create_app(house, authenticate)
    for pages in PAGES:
        app.include_router(pages)
        if pages is go.pages:  # before the API's own: links in mail lead to pages
            app.router.routes.insert(0, app.router.routes.pop())
    app.include_router(assets.router)
    errors.install(app)
    app.add_middleware(
        GZipMiddleware, minimum_size=1000, compresslevel=6,
        exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, *FILES),
    )  # fmt: skip
    return app


def pages_of() -> list[dict[str, str]]:
    """Return method, path and right of every page and form."""
    return [
        {"method": method, "path": route.path, "right": (route.openapi_extra or {})["x-right"]}
        for pages in PAGES
        for route in pages.routes
        if isinstance(route, APIRoute)
        for method in sorted(route.methods or ())
    ]
