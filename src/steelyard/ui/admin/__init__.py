# SPDX-License-Identifier: Apache-2.0
"""Administration: people, teams, robots, webhooks, sign-in and jobs."""
