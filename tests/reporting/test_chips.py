# SPDX-License-Identifier: Apache-2.0
"""Every state has a chip, and none is told by color alone."""

from __future__ import annotations

from typing import get_args

import pytest

from steelyard.kernel.assessment import Effect, Outcome, Tier
from steelyard.kernel.finding import Coverage, Severity, Verdict
from steelyard.reporting import chips


@pytest.mark.parametrize(
    ("known", "states"),
    [
        (chips.OUTCOMES, list(Outcome)),
        (chips.VERDICTS, list(Verdict)),
        (chips.SEVERITIES, list(Severity)),
        (chips.COVERAGES, list(Coverage)),
        (chips.TIERS, list(get_args(Tier))),
        (chips.EFFECTS, list(get_args(Effect))),
    ],
)
def test_every_state_has_its_own_word(known: dict[str, chips.Chip], states: list[str]) -> None:
    assert set(known) == set(states)
    assert len({chip.word for chip in known.values()}) == len(states)


def test_outcomes_differ_without_color_and_without_unicode() -> None:
    icons = [chips.glyph(chip.icon, ascii_only=True) for chip in chips.OUTCOMES.values()]
    assert len(set(icons)) == len(icons)
    assert all(icon.isascii() for icon in icons)


def test_a_state_nobody_heard_of_is_not_good() -> None:
    chip = chips.chip_of(chips.VERDICTS, "splendid")
    assert (chip.tone, chip.word) == ("neutral", "splendid")


def test_a_chip_on_a_terminal_is_icon_and_word() -> None:
    chip = chips.OUTCOMES[Outcome.REJECTED]
    assert chips.chip_text(chip, ascii_only=False, strong=True).plain == "✖ REJECTED"
    assert chips.chip_text(chip, ascii_only=True).plain == "x rejected"
