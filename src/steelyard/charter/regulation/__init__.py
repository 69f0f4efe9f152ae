# SPDX-License-Identifier: Apache-2.0
"""Which class, roles and obligations the EU AI Act gives a use: a pure state machine over answers."""
