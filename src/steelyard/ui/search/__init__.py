# SPDX-License-Identifier: Apache-2.0
"""Finding things and places."""
