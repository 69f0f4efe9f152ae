# SPDX-License-Identifier: Apache-2.0
"""All pages of the administration."""

from __future__ import annotations

from steelyard.ui.admin import jobs, people, person, robots, sign_in, teams, webhooks
from steelyard.ui.door import Pages

PAGES: tuple[Pages, ...] = (
    people.pages,
    person.pages,
    teams.pages,
    robots.pages,
    webhooks.pages,
    sign_in.pages,
    jobs.pages,
)
