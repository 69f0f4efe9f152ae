# SPDX-License-Identifier: Apache-2.0
"""Pages of one revision: its facts and files, its end, and what changed since another."""
