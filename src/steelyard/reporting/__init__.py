# SPDX-License-Identifier: Apache-2.0
"""Assessments as people and machines read them: terminal, HTML, Markdown, JSON, SARIF, CycloneDX.

Every writer takes frozen kernel types and returns text or bytes; none reads a file, a clock or a
setting, so the same assessment always gives the same bytes. Much of what a report shows was
written by a stranger. Writers for people pass the whole assessment through
:func:`steelyard.reporting.text.sanitize` first, once, instead of remembering to at each use;
writers for machines keep the strings as they are, in formats that can carry any string.
"""
