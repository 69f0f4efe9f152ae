# SPDX-License-Identifier: Apache-2.0
"""Turns the short sections of a charter (models, data, licenses, …) into ordinary rules.

Each generated rule has a fixed id such as ``licenses.forbid``, so that reports and explanations
show it like any other. Every guard is written so that what is not known never passes: a list of
forbidden values comes with a second rule for models that do not say.
"""

from __future__ import annotations

from steelyard.charter.schema import Phase, Rule, Sections
from steelyard.charter.sections.data import data_rules
from steelyard.charter.sections.flow import release_rules, scope_rules, tolerance_rules
from steelyard.charter.sections.licenses import license_rules
from steelyard.charter.sections.models import model_rules
from steelyard.charter.sections.security import security_rules
from steelyard.charter.sections.writing import listed

__all__ = ["listed", "section_rules"]


def section_rules(
    document: Sections, prefix: str = "", plan: tuple[Phase, ...] = ()
) -> tuple[Rule, ...]:
    """Return the rules the sections of ``document`` stand for; ``prefix`` goes before each id.

    ``plan`` is the release plan that the document's phases belong to, where a base has one.
    """
    rules: list[Rule] = []
    if document.scope is not None:
        rules += scope_rules(document.scope, prefix)
    if document.security is not None:
        rules += security_rules(document.security, prefix)
    if document.models is not None:
        rules += model_rules(document.models, prefix)
    if document.data_sources is not None:
        rules += data_rules(document.data_sources, prefix)
    if document.licenses is not None:
        rules += license_rules(document.licenses, prefix)
    rules += tolerance_rules(document.risk, prefix)
    rules += release_rules(document.release, prefix, plan or document.release)
    return tuple(rules)
