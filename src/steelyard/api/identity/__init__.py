# SPDX-License-Identifier: Apache-2.0
"""Routes of who may come in: login, sessions, people, roles, units, tokens, robots, training."""
