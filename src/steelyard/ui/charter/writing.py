# SPDX-License-Identifier: Apache-2.0
"""The form a charter is written in: its text, further files, and where each error is."""

from __future__ import annotations

from typing import NamedTuple

from steelyard.governance.charters.change import Draft
from steelyard.kernel.errors import DocumentErrors, InputError, PositionedError, SteelyardError
from steelyard.kernel.limits import MIB
from steelyard.ui.door import Form

FILE = "charter.yaml"
_MOST, _FILES = MIB, 32


class Written(NamedTuple):
    """What somebody wrote: the name of the text at the top, and all texts by name."""

    file: str
    texts: dict[str, str]


class Fault(NamedTuple):
    """An error with its place."""

    file: str
    line: int
    column: int
    message: str
    next_step: str
    pointed: str
    """The line it is in, and a caret under the column."""


def written_in(form: Form) -> Written:
    """Return the texts of a form; an uploaded file stands in for what was typed.

    Raises:
        InputError: a file is too large, or is not a text.
    """
    file = form["file"] or FILE
    texts = {file: _plain(form.secret("text"))}
    texts.update(zip(_all(form, "also-name"), map(_plain, _all(form, "also-text")), strict=False))
    uploaded = form.file("upload")
    if uploaded is not None:
        name = uploaded.filename or FILE
        data = uploaded.file.read(_MOST + 1)
        if not form["text"].strip():
            del texts[file]
            file = name
        texts[name] = _text(name, data)
    if len(texts) > _FILES:
        raise InputError(
            f"A charter is written in at most {_FILES} files.", next_step="Join some of them.",
            code="charter.files",
        )  # fmt: skip
    return Written(file, texts)


def draft_of(form: Form, written: Written) -> Draft:
    """Return what the room reads."""
    return Draft(file=written.file, texts=written.texts, unit=form["unit"], why=form["why"])


def faults_in(error: SteelyardError | None) -> list[Fault]:
    """Return the errors that have a place in a text."""
    if isinstance(error, DocumentErrors):
        found: list[PositionedError] = error.errors
    elif isinstance(error, PositionedError):
        found = [error]
    else:
        return []
    return [
        Fault(each.file, each.line, each.column, each.message, each.next_step, each.pointed())
        for each in found
    ]


def _all(form: Form, field: str) -> list[str]:
    """Return every text of a field, empty ones too: names and texts go together by their place."""
    return [value for name, value in form.pairs() if name == field]


def _plain(text: str) -> str:
    """Return a text as it was typed; browsers send lines with a carriage return."""
    return text.replace("\r\n", "\n")


def _text(name: str, data: bytes) -> str:
    if len(data) > _MOST:
        raise InputError(
            f"{name!r} is larger than {_MOST // MIB} MiB.", next_step="Send a smaller text.",
            code="charter.size",
        )  # fmt: skip
    try:
        return _plain(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name!r} is not a UTF-8 text.", next_step="Send the charter as YAML.",
            code="charter.encoding",
        ) from error  # fmt: skip
