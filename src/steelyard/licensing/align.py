# SPDX-License-Identifier: Apache-2.0
"""Lays a text beside a reference, word by word.

Both are strings of one character a word. From a passage that both have, go outward: as long as they
agree, on; where they do not, find the nearest place where they agree again. What is passed over is
an edit. License texts agree in long passages, so this is a few string comparisons; the effort for
one reference is bounded, and what could not be laid beside anything counts as missing.
"""

from __future__ import annotations

from msgspec import Struct

_STEP = 16
_NEAR = 6
"""Words passed over in the first, finest search."""
_WIDE = 48
_FILLED = 12
"""Words that may stand in a blank of the instructions around the terms."""
_FAR_SEARCHES = 24
_MAX_EDITS = 600
_PASSAGE = 6
"""Words in a row that must agree after a long gap."""


class Edit(Struct, frozen=True, gc=False):
    """Words ``start`` to ``end`` of the text stand where the reference has ``ref_start`` to
    ``ref_end`` (both without the last)."""

    start: int
    end: int
    ref_start: int
    ref_end: int


class Alignment(Struct, frozen=True, gc=False):
    """``start`` to ``end`` of the text correspond to ``ref_start`` to ``ref_end`` of the reference,
    except for the edits, in order."""

    start: int
    end: int
    ref_start: int
    ref_end: int
    edits: tuple[Edit, ...]


def align(text: str, reference: str, core: tuple[int, int], at: int, ref_at: int) -> Alignment:
    """Align outward from a place where ``text[at]`` and ``reference[ref_at]`` agree.

    ``core``: the reference's terms. What surrounds them is looked for close by only.
    """
    after, end, ref_end = _walk(text, reference, at, ref_at, core[1])
    back, before, ref_before = _walk(
        text[:at][::-1], reference[:ref_at][::-1], 0, 0, ref_at - core[0]
    )
    edits = [
        Edit(at - each.end, at - each.start, ref_at - each.ref_end, ref_at - each.ref_start)
        for each in reversed(back)
    ]
    return Alignment(at - before, end, ref_at - ref_before, ref_end, (*edits, *after))


def common(text: str, at: int, reference: str, ref_at: int) -> int:
    """Return how many words in a row agree from here."""
    length = min(len(text) - at, len(reference) - ref_at)
    done, step = 0, _STEP
    while done < length:
        if text[at + done : at + done + step] == reference[ref_at + done : ref_at + done + step]:
            done += step  # at the end of either, what is left of both is equally long or differs
            step *= 2
            continue
        if step == 1:
            break
        step = max(1, step // 4)
        continue
    return min(done, length)


def _walk(
    text: str, reference: str, at: int, ref_at: int, core_end: int
) -> tuple[list[Edit], int, int]:
    edits: list[Edit] = []
    searches = _FAR_SEARCHES
    while True:
        same = common(text, at, reference, ref_at)
        at += same
        ref_at += same
        if at >= len(text) or ref_at >= len(reference) or len(edits) >= _MAX_EDITS:
            break
        found = _near(text, at, reference, ref_at)
        if found is None:
            if searches == 0:
                break
            searches -= 1
            found = _wide(text, at, reference, ref_at)
            if found is not None and ref_at >= core_end and found[0] > _FILLED:
                found = None  # Another text follows, not a name put into a blank.
            if found is None and ref_at < core_end:
                found = _far(text, at, reference[:core_end], ref_at)
            elif found is None:
                # Around the terms: only what was left out, not what stands between.
                passage = text[at : at + 2 * _PASSAGE]
                again = reference.find(passage, ref_at) if len(passage) > 3 else -1
                found = (0, again - ref_at) if again > ref_at else None
        if found is None:
            break
        skip, ref_skip = found
        edits.append(Edit(at, at + skip, ref_at, ref_at + ref_skip))
        at += skip
        ref_at += ref_skip
    return edits, at, ref_at


_NEAR_SKIPS = tuple(
    sorted(
        ((skip, total - skip) for total in range(1, _NEAR + 1) for skip in range(total + 1)),
        key=lambda pair: (max(pair), sum(pair)),
    )
)


def _near(text: str, at: int, reference: str, ref_at: int) -> tuple[int, int] | None:
    """Find three agreeing words, few words ahead; at the reference's end, what is left of it."""
    for skip, ref_skip in _NEAR_SKIPS:
        wanted = reference[ref_at + ref_skip : ref_at + ref_skip + 3]
        if wanted and text[at + skip : at + skip + len(wanted)] == wanted:
            return skip, ref_skip
    return None


def _wide(text: str, at: int, reference: str, ref_at: int) -> tuple[int, int] | None:
    best: tuple[int, int] | None = None
    cost = 2 * _WIDE
    for ref_skip in range(min(_WIDE, len(reference) - ref_at - 3)):
        if ref_skip >= cost:
            break
        wanted = reference[ref_at + ref_skip : ref_at + ref_skip + 4]
        found = text.find(wanted, at, at + min(_WIDE, cost - ref_skip) + 4)
        if found >= 0 and found - at + ref_skip < cost:
            best, cost = (found - at, ref_skip), found - at + ref_skip
    return best


def _far(text: str, at: int, reference: str, ref_at: int) -> tuple[int, int] | None:
    """Find a whole passage again, however far: after a long insertion or a lost paragraph."""
    left = len(reference) - ref_at
    best: tuple[int, int] | None = None
    cost = len(text) + left
    steps = [*range(0, min(left, 240), 3), *range(240, left, 24)]
    for ref_skip in steps:
        if ref_skip >= cost:
            break
        wanted = reference[ref_at + ref_skip : ref_at + ref_skip + _PASSAGE]
        if len(wanted) < 3:
            break
        found = text.find(wanted, at, at + cost - ref_skip + _PASSAGE)
        if found >= 0:
            # The passage may begin a little earlier than the step that met it.
            back = 0
            while back < min(ref_skip, found - at) and (
                text[found - back - 1] == reference[ref_at + ref_skip - back - 1]
            ):
                back += 1
            total = found - at + ref_skip - 2 * back
            if total < cost:
                best, cost = (found - at - back, ref_skip - back), total
    return best
