# SPDX-License-Identifier: Apache-2.0
"""Settings of the whole suite.

No test is timed: a busy machine must not fail one, so property tests have no deadline. Where CI
runs they try the same examples every time; elsewhere they look for new ones.
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
