# SPDX-License-Identifier: Apache-2.0
"""Canonical JSON, Merkle tiles, checkpoints, DSSE, in-toto statements, verification. Pure."""
