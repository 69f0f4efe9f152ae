# SPDX-License-Identifier: Apache-2.0
"""Requests: the list, one request with everything that follows from it, and its progress."""
