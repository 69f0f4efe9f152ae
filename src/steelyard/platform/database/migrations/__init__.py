# SPDX-License-Identifier: Apache-2.0
"""Steps from one shape of the tables to the next; a step that was released never changes."""
