# SPDX-License-Identifier: Apache-2.0
"""The stage in which people say yes or no: seats, sign-offs, committees, and what is to improve."""
