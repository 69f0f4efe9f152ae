# SPDX-License-Identifier: Apache-2.0
"""The stage that says what a model is wanted for: use cases, written by their owners."""
