# SPDX-License-Identifier: Apache-2.0
"""Who may come in: accounts, sessions, tokens, robots, and what each role may ask of the house."""
