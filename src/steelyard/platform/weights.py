# SPDX-License-Identifier: Apache-2.0
"""Runs the survey of weights in a sandbox process of its own and distrusts its answer."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import msgspec

from steelyard.kernel.errors import InputError, UndecidedError
from steelyard.kernel.limits import DEFAULT_LIMITS, Limits
from steelyard.kernel.weights import PRINT_SCHEMA, WeightPrint, WeightReport, WeightRequest
from steelyard.platform.sandbox import cleaned, start_process
from steelyard.platform.tree import Tree

_MODULE: str | Sequence[str] = "steelyard.scanning.weights"
_PRINT_MOST = 256 * 1024 * 1024
_READ = 1024 * 1024


def survey_weights(
    tree: Tree,
    *,
    base: Tree | WeightPrint | None = None,
    base_name: str = "",
    limits: Limits = DEFAULT_LIMITS,
) -> WeightReport:
    """Return what the weights in ``tree`` show, compared with ``base`` if there is one.

    Raises:
        UndecidedError: the process failed, took too long or answered with nonsense.
    """
    roots = set(tree.roots) | (base.roots if isinstance(base, Tree) else set())
    request = WeightRequest(
        files=tuple(tree.files),
        base_files=tuple(base.files) if isinstance(base, Tree) else (),
        base_print=base if isinstance(base, WeightPrint) else None,
        base_name=base_name,
        limits=limits,
        roots=tuple(sorted(roots)),
    )
    answer = _ask(msgspec.json.encode(request), limits)
    try:
        report = msgspec.json.decode(answer, type=WeightReport)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _failed("it answered with something unreadable") from error
    paths = {file.path for file in tree.files} | {""}
    if not {item.path for item in report.findings} <= paths:
        raise _failed("it answered about files it was not asked about")
    return cleaned(report, WeightReport)


def read_print(path: Path) -> WeightPrint:
    """Return the prints of a base model that were kept in a file.

    Raises:
        InputError: the file cannot be read or is no such file.
    """
    try:
        if path.stat().st_size > _PRINT_MOST:
            raise _no_print(path, f"it is larger than {_PRINT_MOST} bytes")
        weights = msgspec.json.decode(path.read_bytes(), type=WeightPrint)
    except OSError as error:
        raise _no_print(path, str(error.strerror)) from error
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _no_print(path, str(error)) from error
    if weights.schema != PRINT_SCHEMA:
        raise _no_print(path, f"its schema is {weights.schema[:80]!r}, not {PRINT_SCHEMA!r}")
    return weights


def _ask(question: bytes, limits: Limits) -> bytes:
    process = start_process(_MODULE)
    assert process.stdin is not None
    assert process.stdout is not None
    late = time.monotonic() + limits.wall_seconds
    feeder = threading.Thread(target=_tell, args=(process.stdin, question), daemon=True)
    feeder.start()
    try:
        answer = _listen(process.stdout, late, limits)
        code = process.wait(max(0.0, late - time.monotonic()))
    except subprocess.TimeoutExpired as error:
        raise _too_slow(limits) from error
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        feeder.join()
        process.stdout.close()
    if code != 0:
        raise _failed(f"it ended early (exit code {code})")
    return answer


def _tell(pipe: IO[bytes], question: bytes) -> None:
    # A process that ends without reading everything breaks the pipe; its exit code says more.
    with contextlib.suppress(OSError):
        pipe.write(question)
    with contextlib.suppress(OSError):
        pipe.close()


def _listen(pipe: IO[bytes], late: float, limits: Limits) -> bytes:
    """Read to the end, but neither for ever nor without a limit."""
    parts: list[bytes] = []
    size = 0
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while True:
            if not selector.select(max(0.0, late - time.monotonic())):
                raise _too_slow(limits)
            part = os.read(pipe.fileno(), _READ)
            if not part:
                return b"".join(parts)
            size += len(part)
            if size > limits.reply_bytes:
                raise _failed("it answered with too much")
            parts.append(part)


def _too_slow(limits: Limits) -> UndecidedError:
    return _failed(f"it took longer than {limits.wall_seconds:g} seconds")


def _failed(why: str) -> UndecidedError:
    return UndecidedError(
        f"The weights could not be surveyed: {why}.",
        next_step="Run again; if it repeats, scan without --weights and report this.",
        code="weights.failed",
    )


def _no_print(path: Path, why: str) -> InputError:
    return InputError(
        f"{str(path)!r} does not hold the tensor prints of a model: {why}.",
        next_step="Write such a file with `steelyard scan BASE --weights --write-prints FILE`, or "
        "name the base model's directory.",
        code="weights.prints",
    )
