# SPDX-License-Identifier: Apache-2.0
"""Replays a portfolio: reads the records, shares them among processes, adds the counts up."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct

from steelyard.charter.replay.listing import Spelling, listed, listing_head
from steelyard.charter.replay.tally import Tally, add_tally
from steelyard.charter.replay.work import Replay, Span
from steelyard.charter.resolve import from_resolved, resolved_json
from steelyard.charter.schema import Charter
from steelyard.kernel.errors import InputError
from steelyard.kernel.limits import MIB
from steelyard.platform.records import Block, read_blocks, total_size
from steelyard.platform.workers import share

Progress = Callable[[int, int], None]
"""Called with the bytes and the records newly done."""
_WORTH = 4 * MIB
"""Bytes of records below which one process is done before another could start."""


class Order(Struct, frozen=True, kw_only=True):
    """What to replay. ``old`` is None to compare with the recorded decisions."""

    old: Charter | None
    old_sha256: str = ""
    new: Charter
    records: Path
    jobs: int = 1
    span: Span = Span()
    keep: int = 20
    """Changes of each direction, and lines not judged, that the report holds."""
    output: Path | None = None
    """Where every change is written: CSV by its suffix, else a line of JSON each."""


class Replayed(Struct, frozen=True, kw_only=True):
    """What came of it, and how fast."""

    tally: Tally
    jobs: int
    seconds: float
    evaluations: int
    """Rules evaluated: those of both charters, for each assessment."""


def replay(order: Order, progress: Progress | None = None) -> Replayed:
    """Judge every record by both charters and count what differs.

    Raises:
        InputError: the records cannot be read, or the list of changes cannot be written.
        UndecidedError: a process that shared the work died.
    """
    begun = time.monotonic()
    size = total_size(order.records)
    jobs = order.jobs if size == 0 or size > _WORTH else 1
    old = None if order.old is None else resolved_json(order.old)
    spelling: Spelling = "csv" if order.output and order.output.suffix == ".csv" else "jsonl"
    given = (
        old, resolved_json(order.new), order.old_sha256, order.span, order.keep,
        spelling if order.output else None,
    )  # fmt: skip
    total = Tally()
    results = share(_work, read_blocks(order.records), jobs=jobs, prepare=_prepare, given=given)
    with _written(order.output, spelling) as output:
        for counts, changes, done in results:
            part = msgspec.msgpack.decode(counts, type=Tally)
            add_tally(total, part, order.keep)
            if output is not None:
                output.write(changes)
            if progress is not None:
                progress(done, part.read)
    rules = len(order.new.rules) + (len(order.old.rules) if order.old is not None else 0)
    return Replayed(
        tally=total,
        jobs=jobs,
        seconds=time.monotonic() - begun,
        evaluations=total.judged * rules,
    )


_state: list[tuple[Replay, int, Spelling | None]] = []
"""What :func:`_prepare` made in this process."""


def _prepare(
    old: bytes | None, new: bytes, sha256: str, span: Span, keep: int, spelling: Spelling | None
) -> None:
    before = None if old is None else from_resolved(old)
    _state[:] = [(Replay(before, from_resolved(new), sha256=sha256, span=span), keep, spelling)]


def _work(block: Block) -> tuple[bytes, bytes, int]:
    ready, keep, spelling = _state[0]
    tally, changes = ready.work(block.records, keep=keep)
    lines = listed(changes, spelling) if spelling is not None else b""
    return msgspec.msgpack.encode(tally), lines, block.size


@contextlib.contextmanager
def _written(path: Path | None, spelling: Spelling) -> Iterator[IO[bytes] | None]:
    """Give a file to write to that takes its name only when it is whole."""
    if path is None:
        yield None
        return
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(listing_head(spelling))
            yield file
        part.replace(path)
    except OSError as error:
        raise InputError(
            f"{str(path)!r} cannot be written: {error.strerror}.",
            next_step="Name a file in a directory that exists and that you may write to.",
            code="output.unwritable",
        ) from error
    finally:
        part.unlink(missing_ok=True)
