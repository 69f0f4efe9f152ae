# SPDX-License-Identifier: Apache-2.0
"""The background door: which handler does which kind of job."""
