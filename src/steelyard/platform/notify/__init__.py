# SPDX-License-Identifier: Apache-2.0
"""Telling people and other systems that something waits for them: inbox, mail and webhooks."""
