# SPDX-License-Identifier: Apache-2.0
"""Reads where a model says it comes from: one reader a kind of file, all inside the sandbox.

Every reader takes hostile text or header values, keeps at most :data:`.paper.MOST_CLAIMS` claims of
at most :data:`.paper.MOST_TEXT` characters, and never raises anything but kernel errors.
"""
