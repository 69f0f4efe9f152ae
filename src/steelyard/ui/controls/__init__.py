# SPDX-License-Identifier: Apache-2.0
"""Controls by law and standard, and the catalog they come from."""
