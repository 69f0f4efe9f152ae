# SPDX-License-Identifier: Apache-2.0
"""What a text changes of the license it carries: added, replaced, removed, and how much it matters.

Severities: ``high`` the change shows binding words; ``medium`` words differ and we cannot tell that
it is harmless; ``low`` a typing or scanning error that restores to the reference; ``info`` a name
filled into a template, or the number of a list item. Only ``low`` and ``info`` leave a text *the
same wording*.
"""

from __future__ import annotations

import re
from functools import cache

from steelyard.catalog.license_references import load
from steelyard.kernel.license import ChangedSpan
from steelyard.licensing.align import Edit
from steelyard.licensing.compare import Compared
from steelyard.licensing.cues import CRITICAL_WORDS, binds
from steelyard.licensing.text import Text
from steelyard.licensing.tokens import hash_word, is_plain_notice, spelled
from steelyard.licensing.typos import Restorer

HARMLESS = frozenset({"low", "info"})
_QUOTE = 400
_FILL_WORDS = 12
_PREAMBLE = 25
"""Words of a preamble that binds nobody which a copy may leave out."""
_SLOTS_BEFORE = (
    ("name", "of"), ("names", "of"), ("event", "shall"), ("provided", "by"),
    ("software", "is"), ("permission", "of"), ("consent", "of"), ("that", "neither"),
    ("neither", "the"), ("nor", "the"), ("as", "is"), ("developed", "by"), ("shall", "the"),
    ("by", "the"), ("of", "the"), ("is", "and"), ("holder", "of"), ("and", "the"),
)  # fmt: skip
_SLOTS_AFTER = (
    ("nor", "the"), ("be", "liable"), ("as", "is"), ("disclaims", "all"), ("disclaim", "all"),
    ("and", "contributors"), ("and", "any"), ("or", "contributors"), ("or", "its"),
    ("nor", "its"), ("for", "any"), ("or", "the"), ("nor", "any"),
)  # fmt: skip
_COPYRIGHT = re.compile(r"copyright\s*(?:\(c\)|©|\d{4}|[<\[])|©", re.IGNORECASE)
_NUMBERING = re.compile(r"\(?(?:[a-z]|[ivx]{1,5}|\d{1,2})\Z", re.IGNORECASE)
_DOTTED = re.compile(r"(?<!\d)\d{1,2}\.\Z")
_GAP = 250
_BROKEN = re.compile(r"-\s")
_LINED = re.compile(r"~~|<|&")
_FEW_WORDS = 4
_SHOWN = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
_PIECES = re.compile(r"[^\W_]+")
_LATIN = re.compile(r"[a-z]")
_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069") | {
    "~~", "<!--", "-->", "del", "strike", "s",
}  # fmt: skip
"""Words that stand for text struck out, hidden or reversed."""
_DENIALS = frozenset({"not", "no", "never", "none", "without"})
_YEAR = re.compile(r"(?:19|20)\d\d")
_FIGURE = re.compile(r"[0-9]")
_LOOSE = CRITICAL_WORDS - {"and", "or", "all", "with", "research"}


class Changes:
    """Judges every place where a text departs from the reference beside which it was laid."""

    def __init__(self, text: Text, compared: Compared) -> None:
        self._text = text
        self._compared = compared
        self._restorer = Restorer(text)

    def within(self) -> list[ChangedSpan]:
        """Return the changes to the license itself."""
        compared, reference = self._compared, self._compared.reference
        alignment = compared.alignment
        spans: list[ChangedSpan] = []
        head = (reference.core_start, min(alignment.ref_start, reference.core_end))
        if head[1] > head[0]:
            spans.append(self._removed(alignment.start, head, self._of_preamble(head)))
        for edit in alignment.edits:
            span = self._of(edit)
            if span is not None:
                spans.append(span)
        tail = (max(alignment.ref_end, reference.core_start), reference.core_end)
        if tail[1] > tail[0]:
            spans.append(self._removed(alignment.end, tail, ""))
        return spans

    def _of_preamble(self, head: tuple[int, int]) -> str:
        """Return how much it matters that the license begins later than its reference."""
        at = self._compared.alignment.start
        before = self._text.spans[at - 1][1] if at else 0
        gap = self._text.raw[before : self._text.spans[at][0]] if at < len(self._text.spans) else ""
        apart = at == 0 or "\n" in gap
        short = head[1] - head[0] <= _PREAMBLE and not self._binding(head)
        return "info" if apart and short else ""

    def is_outside(self, edit: Edit) -> bool:
        """Tell whether an edit stands before, after or between the terms and what surrounds them:
        added there, it is no change of the terms."""
        reference = self._compared.reference
        return edit.ref_end <= reference.core_start or edit.ref_start >= reference.core_end

    def _of(self, edit: Edit) -> ChangedSpan | None:
        outside = self.is_outside(edit)
        removed = (edit.ref_start, edit.ref_end)
        if self._is_there(edit):
            return None
        if edit.start == edit.end:
            if outside and not self._is_taken_back(edit):
                return None
            harmless = self._is_marker(edit) or self._is_notice(edit) or self._is_years(edit)
            return self._removed(edit.start, removed, "info" if harmless else "")
        if outside and edit.ref_start == edit.ref_end and not self._is_put_in(edit):
            return None  # judged with the rest of what stands around the license
        return self._added(edit, outside=outside)

    def _is_there(self, edit: Edit) -> bool:
        """Tell whether the reference's words do stand there: as numbers that a line break made look
        like those of list items, or as a word broken at a line's end."""
        gap = self._gap(edit)
        if not gap or edit.ref_start == edit.ref_end:
            return False
        if edit.end > edit.start and not (
            _BROKEN.search(gap) and edit.end - edit.start <= _FEW_WORDS and not _LINED.search(gap)
        ):
            return False
        find = load().find_word
        wanted = self._compared.words[edit.ref_start : edit.ref_end]
        pieces = [find(hash_word(spelled(word))) for word in _PIECES.findall(gap.lower())]
        # Numbers of list items may stand beside them.
        for at in range(len(pieces) - len(wanted) + 1):
            rest = pieces[:at] + pieces[at + len(wanted) :]
            if pieces[at : at + len(wanted)] == [*wanted] and set(rest) <= _numbers():
                return True
        return False

    def _gap(self, edit: Edit) -> str:
        """Return what stands between the agreeing words around an edit, empty if it is much."""
        spans = self._text.spans
        start = spans[edit.start - 1][1] if edit.start else 0
        end = spans[edit.end][0] if edit.end < len(spans) else len(self._text.raw)
        return self._text.raw[start:end] if end - start <= _GAP else ""

    def _is_taken_back(self, edit: Edit) -> bool:
        """Tell whether binding words are missing within what surrounds the terms, of which the rest
        is there. The whole of it may be left out."""
        reference, lost = self._compared.reference, (edit.ref_start, edit.ref_end)
        if edit.ref_start > reference.core_end:
            return self._binding(lost)
        words = self._compared.words[lost[0] : lost[1]]
        return edit.ref_end < reference.core_start and any(map(load().is_binding, words))

    def _is_put_in(self, edit: Edit) -> bool:
        """Tell whether a few words between those of a title or of instructions change them."""
        if edit.end - edit.start > _FILL_WORDS:
            return False
        words = self._text.words(edit.start, edit.end)
        if any(word in _MARKS or (not word.isascii() and _LATIN.search(word)) for word in words):
            return True
        after = edit.ref_start > self._compared.reference.core_end
        return bool((CRITICAL_WORDS if after else _DENIALS) & set(words))

    def _added(self, edit: Edit, *, outside: bool) -> ChangedSpan:
        text = self._text
        wanted = self._compared.words[edit.ref_start : edit.ref_end]
        begin, stop, raw = text.slice(edit.start, edit.end - 1)
        kind = "replaced" if wanted else "inserted"
        words = set(text.words(edit.start, edit.end))
        known = self._is_years(edit) or self._is_title(edit)
        if known or self._is_fill(edit, raw) or self._is_numbering(edit):
            severity = "info"
        elif self._restorer.restores(edit.start, edit.end, wanted):
            kind, severity = "typo", "low"
        elif (
            binds(raw)
            or binds(text.shown(begin, stop))
            or words & CRITICAL_WORDS
            or self._binding((edit.ref_start, edit.ref_end))
        ):
            severity = "high"
        else:
            severity = "info" if outside and not self._is_put_in(edit) else "medium"
        return ChangedSpan(kind, begin, stop, raw[:_QUOTE], severity)

    def _removed(self, at: int, ref: tuple[int, int], severity: str) -> ChangedSpan:
        text = self._text
        count = ref[1] - ref[0]
        place = text.spans[at][0] if at < len(text.chars) else text.spans[-1][1]
        around = text.slice(max(0, at - 3), min(len(text.chars) - 1, at + 2))[2]
        words = "1 word is" if count == 1 else f"{count} words are"
        shown = " … ".join(around.split("\n"))
        if not severity:
            severity = "high" if self._binding(ref) else "medium"
        return ChangedSpan("removed", place, place, f"{words} missing near: {shown}", severity)

    def _binding(self, ref: tuple[int, int]) -> bool:
        references = load()
        return any(map(references.is_critical, self._compared.words[ref[0] : ref[1]]))

    def _is_fill(self, edit: Edit, raw: str) -> bool:
        """Tell whether an edit is a name put where templates have a blank."""
        text = self._text
        if edit.end - edit.start > _FILL_WORDS or edit.ref_end - edit.ref_start > _FILL_WORDS:
            return False
        near = text.slice(max(0, edit.start - 1), min(len(text.chars) - 1, edit.end))[2]
        if _COPYRIGHT.search(near) and is_plain_notice(raw):
            return True
        if binds(raw) or _LOOSE & set(text.words(edit.start, edit.end)):
            return False
        before = tuple(text.words(edit.start - 2, edit.start))
        after = tuple(text.words(edit.end, edit.end + 2))
        return before in _SLOTS_BEFORE and after in _SLOTS_AFTER

    def _is_notice(self, edit: Edit) -> bool:
        """Tell whether what is missing went with a copyright line that stands there."""
        gap = self._gap(edit)
        if not gap or edit.ref_end - edit.ref_start > _FILL_WORDS:
            return False
        wanted = self._compared.words[edit.ref_start : edit.ref_end]
        if any(map(load().is_binding, wanted)):
            return False
        return bool(_COPYRIGHT.search(gap)) and is_plain_notice(gap)

    def _is_years(self, edit: Edit) -> bool:
        """Tell whether nothing but the years of a copyright differ."""
        flags = load().is_number
        if not all(map(flags, self._compared.words[edit.ref_start : edit.ref_end])):
            return False
        words = self._text.words(edit.start, edit.end)
        if not all(_YEAR.fullmatch(word) for word in words):
            return False
        at = self._text.spans[min(edit.start, len(self._text.spans) - 1)][0]
        return "copyright" in self._text.raw[max(0, at - 120) : at].lower()

    def _is_title(self, edit: Edit) -> bool:
        """Tell whether the title is repeated."""
        words = self._text.chars[edit.start : edit.end]
        title = self._compared.words[: self._compared.reference.core_start]
        return edit.ref_start == edit.ref_end and len(words) > 1 and words in title

    def _is_marker(self, edit: Edit) -> bool:
        """Tell whether the one word missing numbers a list item, and no other figure is there."""
        if edit.ref_end - edit.ref_start != 1:
            return False
        if self._compared.words[edit.ref_start] not in _numbers():
            return False
        gap = self._gap(edit)
        return bool(gap) and not _FIGURE.search(gap)

    def _is_numbering(self, edit: Edit) -> bool:
        """Tell whether nothing but the numbers of list items differs: ``a.``, ``iv)``, ``1.1``."""
        text = self._text
        wanted = self._compared.words[edit.ref_start : edit.ref_end]
        rest = "".join(
            text.chars[at] for at in range(edit.start, edit.end) if not self._is_item(at)
        )
        if rest == wanted:
            return edit.end - edit.start <= len(wanted) + 4
        # Another number: only where an item may begin, for elsewhere it counts something.
        before = text.raw[: text.spans[edit.start][0]]
        return (
            not rest
            and len(wanted) == 1
            and wanted in _numbers()
            and before[-1:] in ("", " ", "\t", "\n", "(")
            and before.rstrip(" \t*#>(")[-1:] in ("", "\n", ".", ";", ":", ",")
        )

    def _is_item(self, at: int) -> bool:
        """Tell whether a word is the number of a list item, or a part of one."""
        start, end, raw = self._text.slice(at, at)
        raw = _SHOWN.sub("", raw)
        after = self._text.raw[end : end + 1]
        if not _NUMBERING.match(raw):
            return False
        if after in (".", ")"):
            return True
        before = self._text.raw[max(0, start - 8) : start]
        return raw.isdigit() and bool(_DOTTED.search(before))


@cache
def _numbers() -> frozenset[str]:
    """Return the characters of words that may number a list item."""
    words = [*"abcdefghijklmnopqrstuvwxyz", *map(str, range(1, 31))]
    words += ["ii", "iii", "iv", "vi", "vii", "viii", "ix", "xi", "xii"]
    return frozenset(map(load().find_word, map(hash_word, words))) - {""}
