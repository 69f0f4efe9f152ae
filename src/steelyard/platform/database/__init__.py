# SPDX-License-Identifier: Apache-2.0
"""The database: SQLite without configuration, PostgreSQL in production, one code path for both."""
