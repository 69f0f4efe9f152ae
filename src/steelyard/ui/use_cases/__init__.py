# SPDX-License-Identifier: Apache-2.0
"""Use cases: the register, one use case, and changing it."""
