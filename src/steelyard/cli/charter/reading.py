# SPDX-License-Identifier: Apache-2.0
"""What the charter commands share: reading assessments, printing documents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from steelyard.cli.door import print_json
from steelyard.kernel.errors import InputError

if TYPE_CHECKING:
    from steelyard.charter.schema import Charter
    from steelyard.kernel.assessment import Assessment

MAX_FILE = 64 * 1024 * 1024
"""Largest file read here, in bytes; an assessment of many findings stays far below."""


def read_assessment(path: Path) -> Assessment:
    """Return the assessment in a file, or in the directory ``steelyard assess`` wrote.

    Raises:
        InputError: there is none.
    """
    import msgspec

    from steelyard.kernel.assessment import Assessment

    file = path / "assessment.json" if path.is_dir() else path
    if path.is_dir() and not file.exists():
        raise InputError(
            f"The directory {path} holds no assessment.json.",
            next_step="Give assessment.json, or the directory that steelyard assess wrote.",
            code="charter.assessment",
        )
    try:
        return msgspec.json.decode(read_bytes(file), type=Assessment)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise InputError(
            f"The file {file} is not an assessment: {error}.",
            next_step="Give assessment.json, or the directory that steelyard assess wrote.",
            code="charter.assessment",
        ) from error


def read_charter(name: str) -> Charter:
    """Return a charter: a shipped one by name, a file, or the one an evidence bundle holds.

    Raises:
        InputError: there is none, or it has errors.
    """
    path = Path(name)
    if path.is_dir():
        path /= "charter.json"
    if path.suffix == ".json":
        from steelyard.charter.resolve import from_resolved

        return from_resolved(read_bytes(path))
    from steelyard.bootstrap import load_policy

    return load_policy(name).charter


def read_bytes(file: Path) -> bytes:
    """Return what a file holds, up to :data:`MAX_FILE`.

    Raises:
        InputError: it cannot be read, or is larger.
    """
    try:
        if file.stat().st_size > MAX_FILE:
            raise InputError(
                f"The file {file} is too large: at most {MAX_FILE // 2**20} MiB are read.",
                next_step="Check that this is the file you meant.",
                code="input.size",
            )
        return file.read_bytes()
    except OSError as error:
        raise InputError(
            f"The file {file} cannot be read: {error.strerror}.",
            next_step="Check the path.",
            code="input.file",
        ) from error


def print_document(value: dict[str, Any]) -> None:
    """Print a JSON document on standard output."""
    import msgspec

    print_json(msgspec.json.encode(value))
