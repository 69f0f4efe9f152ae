# SPDX-License-Identifier: Apache-2.0
"""Founding a charter: a few questions, and the document their answers make.

``answers`` says what may be answered, ``questions`` asks it in plain words, ``compose`` writes the
charter. All of it is pure; the command line holds the conversation.
"""
