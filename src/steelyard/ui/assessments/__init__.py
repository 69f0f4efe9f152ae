# SPDX-License-Identifier: Apache-2.0
"""Pages of one assessment, and the pieces of it that other rooms show."""
