# SPDX-License-Identifier: Apache-2.0
"""What the commands that speak to a server share: lists, details, verbs, following progress."""
