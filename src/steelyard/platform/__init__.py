# SPDX-License-Identifier: Apache-2.0
"""The world: the sandbox process, keys, the file ledger on disk, the package client, settings."""
