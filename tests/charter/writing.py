# SPDX-License-Identifier: Apache-2.0
"""Small charters for tests: a sound one to add sections to, and what is said of broken ones."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from steelyard.charter.load import Loaded, load
from steelyard.kernel.errors import DocumentErrors, InputError

HEAD = """\
charter: acme
version: 1
effective: 2026-01-01
owner: gov@example.org
purpose: To test what charters say.
review: {every: 6 months}
"""
RISK = """\
risk:
  tiers: [{tier: high, when: "use_case.personal_data != 'none'"}, {tier: low}]
"""
TRACKS = """\
tracks:
  fast: {for: [low, moderate], decided_by: standing-approval, valid: 12 months}
  deep: {for: [high, critical], sign_offs: [security, legal], within: 10 business days,
         escalate: [executive-sponsor], valid: 6 months}
"""
ALONE = HEAD + RISK + TRACKS
OVER = HEAD + "extends: standard\n"


def loaded(text: str, files: Mapping[str, str] | None = None) -> Loaded:
    """Load a charter; ``files`` are what it may name."""
    known = files or {}

    def read(reference: str, _file: str) -> tuple[str, str]:
        name = reference.removeprefix("./")
        if name not in known:
            raise InputError(f"There is no {name!r}.", next_step="Check the path.")
        return name, known[name]

    return load(text, "acme.yaml", read)


def errors(text: str, files: Mapping[str, str] | None = None) -> list[str]:
    """Return what is wrong with a charter, a line each."""
    with pytest.raises(DocumentErrors) as caught:
        loaded(text, files)
    return [str(error) for error in caught.value.errors]


def warnings(text: str) -> list[str]:
    """Return what a sound charter is warned of."""
    return [str(warning) for warning in loaded(text).warnings]
