# SPDX-License-Identifier: Apache-2.0
"""Class, roles and obligations of a use under the EU AI Act: a pure state machine over answers."""
