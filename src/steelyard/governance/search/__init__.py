# SPDX-License-Identifier: Apache-2.0
"""Finding things of every room by name, id, digest or commit."""
