# SPDX-License-Identifier: Apache-2.0
"""A classification and the questionnaire for a terminal, and as plain text."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from steelyard.charter.regulation.result import Classification
from steelyard.reporting.chips import chip_text
from steelyard.reporting.regulation import view
from steelyard.reporting.text import plain, visible

if TYPE_CHECKING:
    from rich.console import Console

CHANGES_SHOWN = 12


def classification_text(result: Classification, name: str = "") -> str:
    """Return the result as plain text, 96 columns wide."""
    from rich.console import Console

    screen = Console(file=io.StringIO(), width=96, highlight=False, color_system=None)
    print_classification(screen, result, name)
    assert isinstance(screen.file, io.StringIO)
    return "\n".join(line.rstrip() for line in screen.file.getvalue().splitlines()) + "\n"


def print_classification(screen: Console, result: Classification, name: str = "") -> None:
    """Print class, roles, obligations by date, what is open and what would change it."""
    from rich.text import Text

    ascii_only = screen.options.ascii_only
    chip = view.CLASS_CHIPS[result.eu_class]
    screen.print(
        Text.assemble(
            chip_text(chip, ascii_only=ascii_only, strong=True),
            f"  {visible(name, 80)}" if name else "",
        )
    )
    _say(screen, view.headline(result))
    _say(screen, result.class_what)
    if note := view.open_note(result):
        _say(screen, note, style="yellow")
    if result.roles:
        _say(screen, "Roles: " + ", ".join(_role(r.title, r.open) for r in result.roles))
    if result.gpai != "no":
        _say(screen, f"Model: {result.gpai_title}")
    for group in view.by_date(result):
        moved = f"; before the Omnibus: {group.before}" if group.before else ""
        head = f"\n{view.long_date(group.date)} ({view.due(group)}{moved})"
        _say(screen, head, style="bold")
        for item in group.obligations:
            mark = "? " if item.open else "- "
            _say(screen, f"{mark}{item.what}", 2, 2)
            told = f"Article {item.clause}; {view.who(item)}"
            if not group.before and view.before(item) != "unchanged":
                told += f"; before the Omnibus: {view.before(item)}"
            _say(screen, told, 4, style="dim")
    _deciding(screen, result)
    _open(screen, result)
    _changes(screen, result)
    if result.unused:
        _say(screen, "\nAnswered but not asked: " + ", ".join(result.unused))
    _say(screen, f"\n{result.law}, as of {result.as_of}. {result.disclaimer}", style="dim")


def print_questions(screen: Console) -> None:
    """Print every question with its answers and where it comes from."""
    from steelyard.catalog.eu_ai_act import eu_ai_act

    act = eu_ai_act()
    stage = ""
    for question in act.questions:
        if question.stage != stage:
            stage = question.stage
            _say(screen, f"\n{stage}", style="bold")
        _say(screen, f"\n{question.id}", style="bold")
        _say(screen, question.text, 2)
        _say(screen, question.help, 2, style="dim")
        for option in question.options:
            _say(screen, f"{option.id}: {option.text}", 4, 2)
    many = "numbers of questions asked depend on the answers; not-sure is always an answer"
    _say(screen, f"\n{len(act.questions)} questions; the {many}.", style="dim")


def _role(title: str, is_open: bool) -> str:
    return f"{title} (open)" if is_open else title


def _deciding(screen: Console, result: Classification) -> None:
    lines = [line for line in result.trace if line.decided and line.given != "unanswered"]
    if lines:
        _say(screen, "\nDecided by", style="bold")
    for line in lines:
        given = "" if line.given == "answered" else f" ({view.GIVEN[line.given].word})"
        _say(screen, f"{line.text} {line.answer_text}{given}", 2, 2)


def _open(screen: Console, result: Classification) -> None:
    texts = {line.question: line.text for line in result.trace}
    if result.open_questions:
        _say(screen, "\nOpen", style="bold")
    for question in result.open_questions:
        _say(screen, f"{question}: {texts[question]}", 2, 2)


def _changes(screen: Console, result: Classification) -> None:
    milder = [change for change in result.would_change if change.direction == "milder"]
    stricter = [change for change in result.would_change if change.direction == "stricter"]
    shown = [*milder, *stricter][:CHANGES_SHOWN]
    if shown:
        _say(screen, "\nWhat would change it", style="bold")
    for change in shown:
        _say(screen, f"{change.question} = {change.answer}: {view.change_said(change)}", 2, 2)
    left = len(result.would_change) - len(shown)
    if left > 0:
        _say(screen, f"and {left} more in the JSON document and the report", 2, style="dim")


def _say(screen: Console, text: str, columns: int = 0, hang: int = 0, *, style: str = "") -> None:
    from rich.padding import Padding
    from rich.text import Text

    shown = plain(text) if screen.options.ascii_only else text
    if hang:
        import textwrap

        width = max(20, screen.width - columns)
        shown = textwrap.fill(shown, width, subsequent_indent=" " * hang)
    screen.print(Padding(Text(shown, style=style), (0, 0, 0, columns), expand=False))
