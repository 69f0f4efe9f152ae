# SPDX-License-Identifier: Apache-2.0
"""What licenses upstream mean downstream: a graph of makings, the terms that travel along it, and
whether one use of the result is prohibited, needs a license, lacks a duty, needs a human, or is
fine. The rules come from license texts (``catalog/license_terms.py``); every answer names the
clause, the document it stands in, its words and the path it took.
"""
