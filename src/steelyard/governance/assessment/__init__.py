# SPDX-License-Identifier: Apache-2.0
"""The stage that weighs: one inspection of the real bytes becomes facts the charter can judge."""
