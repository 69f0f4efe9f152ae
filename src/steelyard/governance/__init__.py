# SPDX-License-Identifier: Apache-2.0
"""The lifecycle of an adoption, one room per stage; a room imports only rooms before it."""
