# SPDX-License-Identifier: Apache-2.0
"""What a change of charter would have changed, over everything that was assessed."""
