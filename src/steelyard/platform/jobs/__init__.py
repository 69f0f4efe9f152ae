# SPDX-License-Identifier: Apache-2.0
"""Background work: a job is put in the transaction that causes it, and takes effect once."""
