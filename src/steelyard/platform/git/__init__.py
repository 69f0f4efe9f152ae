# SPDX-License-Identifier: Apache-2.0
"""Reads the history of a hostile git repository with the ``git`` program, and nothing else of it.

The program never sees the repository's own configuration, hooks, attributes, replacements, grafts
or references: it works on an empty repository of ours that borrows only the objects. See
:mod:`.borrowed`.
"""
