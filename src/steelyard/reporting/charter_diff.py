# SPDX-License-Identifier: Apache-2.0
"""A comparison of two charters for people: sentences, and Markdown for a change request."""

from __future__ import annotations

from collections.abc import Iterator

from steelyard.charter.diff import Change, CharterDiff, Direction, Example, case

ORDER: tuple[Direction, ...] = ("looser", "mixed", "unclear", "stricter", "same")
"""What a person must look at comes first."""
WORDS: dict[Direction, str] = {
    "looser": "Looser: something passes more easily",
    "mixed": "Mixed: easier in some cases, harder in others",
    "unclear": "Unclear: a person must judge",
    "stricter": "Stricter",
    "same": "Same meaning",
}
ICONS: dict[Direction, str] = {
    "looser": "▼",
    "mixed": "◆",
    "unclear": "?",
    "stricter": "▲",
    "same": "·",
}
VERDICTS: dict[Direction, str] = {
    "looser": "The new charter is looser.",
    "mixed": "The new charter is looser in some cases and stricter in others.",
    "unclear": "Nothing is plainly looser, but a person must judge some changes.",
    "stricter": "The new charter is stricter; nothing is looser.",
    "same": "Both charters mean the same.",
}


def counted(diff: CharterDiff) -> str:
    """Return how many changes there are of each direction, in words."""
    words = {"same": "of the same meaning"}
    parts = [f"{diff.counts[name]} {words.get(name, name)}" for name in ORDER if diff.counts[name]]
    return " · ".join(parts) or "no change"


def section_of(change: Change) -> str:
    """Return where in the charter a change is, in words."""
    return change.section.replace("_", " ").replace(".", ", ")


def wording_of(change: Change) -> list[str]:
    """Return the old and the new text of a changed rule, as far as it decides something."""
    if change.section != "rules" or change.kind != "changed":
        return []
    told = []
    for name in ("applies", "require", "otherwise", "condition"):
        if name in change.old:
            told += [f"- {name}: {change.old[name] or 'always'}"]
            told += [f"+ {name}: {change.new[name] or 'always'}"]
    return told


def cases_of(change: Change) -> list[str]:
    """Return the examples of a change as sentences; the same one is told once."""
    found = [(change.looser, "easier"), (change.stricter, "harder")]
    if change.looser == change.stricter:
        found = found[:1]
    return [_sentence(example) for example, _ in found if example is not None]


def _sentence(example: Example) -> str:
    where = case(example.facts)
    if example.rest:
        where += ", and the rest harmless"
    return f"{where[:1].upper()}{where[1:]}: {example.old} → {example.new}"


def markdown(diff: CharterDiff) -> str:
    """Return the comparison as Markdown."""
    return "\n".join(_lines(diff)) + "\n"


def _lines(diff: CharterDiff) -> Iterator[str]:
    old, new = diff.old, diff.new
    yield f"## Charter {_plain(old.name)} {old.version} → {_plain(new.name)} {new.version}"
    yield ""
    yield f"**{ICONS[diff.verdict]} {VERDICTS[diff.verdict]}** {counted(diff)}."
    yield ""
    yield f"`{old.sha256[:12]}` → `{new.sha256[:12]}`"
    for direction in ORDER:
        changes = [change for change in diff.changes if change.direction == direction]
        if not changes:
            continue
        yield ""
        yield f"### {ICONS[direction]} {WORDS[direction]}"
        yield ""
        for change in changes:
            yield f"- **{_plain(change.subject)}** ({section_of(change)}): {_plain(change.says)}"
            told = wording_of(change)
            if told:
                yield from ("", "  ```diff", *(f"  {_fenced(line)}" for line in told), "  ```", "")
            for example in cases_of(change):
                yield f"  - {_plain(example)}"
            if change.doubt:
                yield f"  - Not proven: {_plain(change.doubt)}"


def _plain(text: str) -> str:
    """Return text without what Markdown or HTML would take for markup."""
    for sign in "\\`*_[]<>|#":
        text = text.replace(sign, f"\\{sign}")
    return text


def _fenced(text: str) -> str:
    return " ".join(text.split()).replace("```", "` ` `")
