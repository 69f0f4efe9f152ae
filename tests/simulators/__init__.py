# SPDX-License-Identifier: Apache-2.0
"""Stand-ins for the world outside, real enough for real clients."""
