# SPDX-License-Identifier: Apache-2.0
"""Errors, grouped by whose fault they are. Each is a sentence, a next step and a stable code.

The kernel knows neither HTTP nor exit codes: a door (command line, API, gateway) looks at the
*class* and translates. Codes are ``family.what``, never reused and never reworded.

* :class:`InputError`: what the caller gave us cannot be used.
* :class:`ArtifactError`: the bytes of a model are malformed or exceed a limit. Raised by readers
  inside the sandbox and turned into a finding or a coverage gap there; users never see it raw.
* :class:`IntegrityError`: evidence does not verify; somebody changed something.
* :class:`UndecidedError`: we could not do our work, so nothing may pass.
* :class:`UnauthenticatedError`, :class:`ForbiddenError`: nobody known asks, or somebody who has
  not the right.
* :class:`ConflictError`: the thing is not in the state this needs, or changed meanwhile.
"""

from __future__ import annotations

from typing import Literal


class SteelyardError(Exception):
    """Base of every error a person may see.

    ``message`` is a full sentence naming the thing at fault; ``next_step`` says what to do now;
    ``code`` is stable and machine-readable.
    """

    code = "steelyard.error"

    def __init__(self, message: str, *, next_step: str = "", code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}".rstrip()


class InputError(SteelyardError):
    """The caller's input cannot be used: a missing path, a wrong field, an unknown word."""

    code = "input.invalid"


class PositionedError(InputError):
    """An input error at a place in a text file. ``line`` and ``column`` count from 1.

    With ``level`` "warning" it stops nothing and is only shown.
    """

    code = "input.at"

    def __init__(
        self,
        message: str,
        *,
        file: str,
        line: int,
        column: int,
        next_step: str = "",
        code: str | None = None,
        level: Literal["error", "warning"] = "error",
        excerpt: str = "",
    ) -> None:
        super().__init__(message, next_step=next_step, code=code)
        self.file, self.line, self.column, self.level = file, line, column, level
        self.excerpt = excerpt
        """The line of the file it is in, as far as it is known."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.level}: {super().__str__()}"

    def pointed(self, width: int = 96) -> str:
        """Return the excerpt with a caret under the column, on two indented lines; or nothing.

        Of a long line only ``width`` columns around the place are shown.
        """
        if not self.excerpt.strip() or self.column > len(self.excerpt) + 1:
            return ""
        start = max(0, self.column - 1 - width // 2) if len(self.excerpt) > width else 0
        shown = "".join(c if c.isprintable() else " " for c in self.excerpt[start:][:width])
        return f"    {shown}\n    {' ' * (self.column - 1 - start)}^"


class DocumentErrors(InputError):
    """Several :class:`PositionedError` found in one document, in the order of their lines."""

    code = "input.document"

    def __init__(self, errors: list[PositionedError]) -> None:
        self.errors = sorted(errors, key=lambda error: (error.file, error.line, error.column))
        super().__init__("\n".join(str(error) for error in self.errors))


class ArtifactError(SteelyardError):
    """Model bytes that cannot be read as their format. ``offset`` is in bytes, -1 if unknown."""

    code = "artifact.malformed"

    def __init__(self, message: str, *, offset: int = -1, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.offset = offset


class TruncatedArtifact(ArtifactError):
    """The file ends before its own headers say it does."""

    code = "artifact.truncated"


class LimitExceeded(ArtifactError):
    """A hard limit of :mod:`steelyard.kernel.limits` was reached; the rest was not examined."""

    code = "artifact.limit"


class IntegrityError(SteelyardError):
    """Evidence does not verify. The message names the file, entry or byte range at fault."""

    code = "integrity.tampered"


class UndecidedError(SteelyardError):
    """Steelyard could not do its work (sandbox died, timed out, lied). Nothing may pass."""

    code = "undecided"


class UnavailableError(UndecidedError):
    """A part of the world is not there now (database, disk, mail server); trying later may help.

    Nothing was done. ``retry_after`` is in seconds.
    """

    code = "unavailable"

    def __init__(
        self, message: str, *, next_step: str = "", code: str | None = None, retry_after: int = 5
    ) -> None:
        super().__init__(message, next_step=next_step, code=code)
        self.retry_after = retry_after


class FieldErrors(InputError):
    """Several fields of one document are wrong: pairs of a field's path and a sentence."""

    code = "input.fields"

    def __init__(self, faults: list[tuple[str, str]], *, next_step: str = "") -> None:
        self.faults = faults
        super().__init__(
            " ".join(f"{field}: {said}" for field, said in faults),
            next_step=next_step or "Correct the fields named and send it again.",
        )


class MissingError(InputError):
    """There is no such thing, or the caller may not know of it: both look the same."""

    code = "missing"


class UnauthenticatedError(SteelyardError):
    """Nobody known asks."""

    code = "identity.unknown"


class ForbiddenError(SteelyardError):
    """The caller is known and has not the right."""

    code = "right.missing"


class ConflictError(SteelyardError):
    """The thing is not in the state this needs."""

    code = "state.conflict"


class StaleError(ConflictError):
    """It was changed by somebody else since the caller read it; ``current`` is what it is now."""

    code = "state.stale"

    def __init__(self, message: str, *, current: object = None, next_step: str = "") -> None:
        super().__init__(message, next_step=next_step or "Read it again and repeat your change.")
        self.current = current


class BusyError(SteelyardError):
    """The caller asks too often; ``retry_after`` is in seconds."""

    code = "busy"

    def __init__(self, message: str, *, retry_after: int, code: str | None = None) -> None:
        super().__init__(message, next_step=f"Try again in {retry_after} s.", code=code)
        self.retry_after = retry_after
