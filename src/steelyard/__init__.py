# SPDX-License-Identifier: Apache-2.0
"""Steelyard weighs open-weight machine-learning models before they are let in.

The package is one house with floors; arrows between modules only point down:

``cli`` (doors) → ``bootstrap`` (the one composition root) → ``governance`` (the lifecycle)
→ ``platform`` (the world) → ``scanning · reporting · charter · licensing · provenance · ledger``
(pure engines) → ``artifacts`` (bytes to structure) → ``catalog`` (shipped knowledge)
→ ``kernel`` (the words).

``docs/adr/0001-floor-plan.md`` says why; the import contracts in ``pyproject.toml`` keep it so.
"""

__version__ = "0.1.0"
