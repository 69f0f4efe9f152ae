# SPDX-License-Identifier: Apache-2.0
"""Imports every module of tables, so that one catalog knows all of them."""

from __future__ import annotations

import steelyard.governance.assessment.tables
import steelyard.governance.charters.tables
import steelyard.governance.clocks.tables
import steelyard.governance.decision.tables
import steelyard.governance.emergency.tables
import steelyard.governance.exceptions.tables
import steelyard.governance.intake.tables
import steelyard.governance.inventory.tables
import steelyard.governance.review.tables
import steelyard.governance.use_cases.tables
import steelyard.platform.identity.credential_tables
import steelyard.platform.identity.directory_tables
import steelyard.platform.identity.tables
import steelyard.platform.jobs.tables
import steelyard.platform.log.tables
import steelyard.platform.notify.tables
import steelyard.platform.replies.tables
import steelyard.platform.vault_tables  # noqa: F401
