# SPDX-License-Identifier: Apache-2.0
"""The catalog on a terminal: a table for each part, a page for each entry.

Entries are those of :mod:`steelyard.catalog.entries`. Where the screen is too narrow for a table it
becomes a list, so that nothing is squeezed to one letter a line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from steelyard.catalog.duties import duties
from steelyard.catalog.entries import Entry
from steelyard.reporting.terminal.look import Look, indent

Draw = Callable[[Look, Sequence[Entry]], None]
WORD = 20
"""Longest word a column must hold whole."""
_CONFIDENCE = {"text": "green", "secondary": "yellow", "unverified": "red"}


# Lists


def draw_frameworks(look: Look, entries: Sequence[Entry]) -> None:
    """Print the frameworks with what is held of each."""
    rows = [
        (one["id"], one["title"], one["version"], _counts(one["kinds"]), one["confidence"])
        for one in entries
    ]
    _table(look, ("id", "title", "version", "holds", "checked"), rows)
    _foot(look, len(entries), "framework", "catalog frameworks --framework ID` lists its items")


def draw_items(look: Look, entries: Sequence[Entry]) -> None:
    """Print the items of a framework."""
    rows = [
        (
            one["id"],
            _title(one),
            " ".join(filter(None, (one["kind"], one["level"]))),
            str(len(one["controls"])),
        )
        for one in entries
    ]
    _table(look, ("id", "title", "kind", "controls"), rows)
    if entries:
        look.print(_origin(look, entries[0], with_source=False))
    _foot(look, len(entries), "item", "catalog frameworks ITEM` shows one")


def draw_controls(look: Look, entries: Sequence[Entry]) -> None:
    """Print the controls."""
    rows = [
        (one["id"], one["title"], one["topic"], one["stage"], str(len(one["mappings"])))
        for one in entries
    ]
    _table(look, ("id", "title", "topic", "stage", "mappings"), rows)
    _foot(look, len(entries), "control", "catalog controls ID` shows one")


def draw_licenses(look: Look, entries: Sequence[Entry]) -> None:
    """Print the licenses."""
    rows = [
        (
            one["id"],
            one["title"],
            one["category"],
            one["commercial_use"]["answer"],
            one["confidence"],
        )
        for one in entries
    ]
    _table(look, ("id", "title", "category", "commercial", "checked"), rows)
    _foot(look, len(entries), "license", "catalog licenses ID` shows one")


def draw_duties(look: Look, entries: Sequence[Entry]) -> None:
    """Print the notification duties."""
    rows = [
        (
            one["id"],
            " ".join(filter(None, (one["where"], one.get("sector", "")))),
            one["due"],
            one["recipient"],
            one["clock_starts"],
            one["confidence"],
        )
        for one in entries
    ]
    _table(look, ("id", "where", "due", "recipient", "clock starts", "checked"), rows)
    _foot(look, len(entries), "duty", "catalog duties ID` shows one")


def draw_playbooks(look: Look, entries: Sequence[Entry]) -> None:
    """Print the playbooks."""
    rows = [(one["id"], one["title"], one["trigger"]) for one in entries]
    _table(look, ("id", "title", "trigger"), rows)
    _foot(look, len(entries), "playbook", "catalog playbooks ID` shows one")


def _table(look: Look, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if not rows:
        return
    widths = _widths((head, *rows), look.width - 3 * len(head) + 1)
    if widths is not None:
        table = look.table(*head)
        for column, width in zip(table.columns, widths, strict=True):
            column.width = width
        for row in rows:
            table.add_row(*(look.say(cell) for cell in row))
        look.print(table)
        return
    for row in rows:
        rest = " · ".join(
            f"{label} {cell}" for label, cell in zip(head[2:], row[2:], strict=True) if cell
        )
        look.print(
            look.say(row[0], "bold"),
            indent(look.say(row[1])),
            *([indent(look.say(rest, "dim"))] if rest else []),
        )


def _widths(rows: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """Share ``room`` among the columns; None when it is too little to read.

    Ids stay whole; other columns keep their words whole up to :data:`WORD`, and what is left goes
    where most is wanting.
    """
    columns = list(zip(*rows, strict=True))
    wanted = [max(len(cell) for cell in column) for column in columns]
    least = [wanted[0]] + [
        min(WORD, max(len(word) for cell in column for word in cell.split() or [""]))
        for column in columns[1:]
    ]
    least[1] = max(least[1], min(24, wanted[1]))
    spare = room - sum(least)
    if spare < 0:
        return None
    lacking = [max(0, want - have) for want, have in zip(wanted, least, strict=True)]
    total = sum(lacking)
    if total <= spare:
        return [have + lack for have, lack in zip(least, lacking, strict=True)]
    return [have + spare * lack // total for have, lack in zip(least, lacking, strict=True)]


def _foot(look: Look, count: int, noun: str, hint: str) -> None:
    if not count:
        look.print(look.say(f"The catalog has no {noun} of that kind."))
        return
    look.print(look.say(f"{count} {_many(noun, count)}. `steelyard {hint}.", "dim"))


def _counts(kinds: dict[str, int]) -> str:
    return ", ".join(f"{count} {_many(kind, count)}" for kind, count in kinds.items())


def _many(noun: str, count: int) -> str:
    if count == 1:
        return noun
    if noun.endswith(("s", "x", "ch")):
        return f"{noun}es"
    return f"{noun[:-1]}ies" if noun.endswith(("ty", "ry", "dy")) else f"{noun}s"


def _title(item: Entry) -> str:
    after = ", ".join(item["replaced_by"])
    if item["standing"] == "current":
        return str(item["title"])
    was = f"removed in {item['removed_in']}" if item["removed_in"] else "superseded"
    return f"{item['title']} ({was}; today {after})" if after else f"{item['title']} ({was})"


# Pages


def draw_framework(look: Look, entries: Sequence[Entry]) -> None:
    """Print the page of one framework."""
    for one in entries:
        _head(look, one)
        rows: list[tuple[str, RenderableType]] = [
            ("version", look.say(one["version"])),
            ("holds", look.say(_counts(one["kinds"]))),
            ("controls", look.say(f"{one['controls']} controls of the library answer to it")),
            ("terms", look.say(" ".join(filter(None, (one["license"], one["attribution"]))))),
        ]
        look.print(look.pairs(rows), _origin(look, one))


def draw_item(look: Look, entries: Sequence[Entry]) -> None:
    """Print the page of one item of a framework."""
    for one in entries:
        _head(look, one)
        rows = [
            ("framework", f"{one['framework_title']} {one['version']}"),
            ("kind", " ".join(filter(None, (one["kind"], one["level"])))),
            ("standing", one["standing"]),
            ("removed in", one["removed_in"]),
            ("today", ", ".join(one["replaced_by"])),
            ("former title", one["former_title"]),
            ("known from", one["change_basis"]),
            ("terms", " ".join(filter(None, (one["license"], one["attribution"])))),
        ]
        look.print(look.pairs((a, look.say(b)) for a, b in rows if b), _origin(look, one))
        if one["controls"]:
            look.print(look.heading("Controls that answer it"))
            _based(look, ((each["id"], "", each["basis"]) for each in one["controls"]))


def draw_control(look: Look, entries: Sequence[Entry]) -> None:
    """Print the page of one control: everything, and where each mapping comes from."""
    for one in entries:
        _head(look, one)
        rows = [
            ("topic", one["topic"]),
            ("stage", one["stage"]),
            ("called for", "always" if one["applies"] == "true" else one["applies"]),
            ("proved by", one["evidence"]),
        ]
        look.print(
            look.pairs((a, look.say(b)) for a, b in rows if b),
            look.heading("Objective"),
            indent(look.say(one["objective"])),
            look.heading("Why"),
            indent(look.say(one["why"])),
            look.heading("Tasks"),
        )
        kinds = {kind["id"]: kind for kind in one["evidence_types"]}
        for task in one["tasks"]:
            look.print(look.bullets([_task(look, task, kinds)]))
        look.print(look.heading("Mappings, each with where it comes from"))
        _based(look, ((m["ref"], m["title"], m["basis"]) for m in one["mappings"]))
        look.print(Text(""), _origin(look, one))


def _task(look: Look, task: dict[str, Any], kinds: dict[str, Any]) -> Group:
    if task.get("fact"):
        how = look.say(f"Checked by the facts: {task['fact']}", "dim")
    else:
        kind = kinds[task["evidence"]]
        lasts = f", valid for {kind['valid_for']}" if kind["valid_for"] else ""
        how = look.say(f"Evidence: {kind['title'].lower()} ({kind['id']}{lasts})", "dim")
    return Group(
        look.say(f"{task['title']}.", "bold"), look.say(f"Done when: {task['acceptance']}"), how
    )


def draw_duty(look: Look, entries: Sequence[Entry]) -> None:
    """Print the page of one notification duty."""
    for one in entries:
        _head(look, one)
        rows = [
            ("due", one["due"]),
            ("clock starts", one["clock_starts"]),
            ("recipient", one["recipient"]),
            ("applies to", one["applies_to"]),
            ("where", " ".join(filter(None, (one["where"], one["sector"])))),
            ("references", ", ".join(one["references"])),
            ("note", one["note"]),
        ]
        look.print(look.pairs((a, look.say(b)) for a, b in rows if b), _origin(look, one))
        look.print(look.say("Not legal advice.", "dim"))


def draw_playbook(look: Look, entries: Sequence[Entry]) -> None:
    """Print the page of one playbook."""
    for one in entries:
        _head(look, one)
        look.print(look.pairs([("when", look.say(one["trigger"]))]))
        for title, key in (
            ("In the first hour", "first_hour"),
            ("Then", "then"),
            ("Roles", "roles"),
            ("Evidence to keep", "evidence"),
            ("Duties to check first", "duties"),
            ("Controls that help", "controls"),
        ):
            lines = [_duty_line(name) for name in one[key]] if key == "duties" else one[key]
            if lines:
                look.print(look.heading(title), look.bullets(look.say(line) for line in lines))
        look.print(look.heading("Closed when"), indent(look.say(one["closed_when"])), Text(""))
        look.print(_origin(look, one))


def _duty_line(name: str) -> str:
    duty = duties()[name]
    return f"{name}: {duty.due}, to {duty.recipient}"


def _head(look: Look, entry: Entry) -> None:
    look.print(look.say(entry["title"], "bold"), look.say(entry["id"], "dim"), Text(""))


def _based(look: Look, rows: Iterable[tuple[str, str, str]]) -> None:
    """Print references under the sentence that says where they come from."""
    groups: dict[str, list[Text]] = {}
    for ref, title, basis in rows:
        line = Text.assemble(look.say(ref, "bold"), look.say(f"  {title}" if title else ""))
        line.overflow = "fold"
        groups.setdefault(basis, []).append(line)
    for basis, lines in groups.items():
        look.print(look.say(basis, "italic"), indent(look.bullets(lines)))


def _origin(look: Look, entry: Entry, *, with_source: bool = True) -> RenderableType:
    checked = look.say(entry["confidence"], _CONFIDENCE.get(entry["confidence"], ""))
    rows = [("as of", look.say(entry["as_of"])), ("checked", checked)]
    if with_source:
        rows.insert(0, ("source", look.say(entry["source"])))
    return look.pairs(rows)
