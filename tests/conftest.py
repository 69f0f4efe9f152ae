# SPDX-License-Identifier: Apache-2.0
"""Settings of the whole suite.

A busy machine must not fail a test, so property tests have no deadline, and the few tests that
inputs do not cost quadratic work bound CPU time far above what they need. Where CI runs, property
tests try the same examples every time; elsewhere they look for new ones.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "house",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("house")
