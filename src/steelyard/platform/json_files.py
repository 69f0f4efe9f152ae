# SPDX-License-Identifier: Apache-2.0
"""Reads JSON documents that somebody saved from a service; their content is judged elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

from steelyard.kernel.errors import InputError
from steelyard.kernel.limits import MIB

MOST = 64 * MIB
"""Bytes of a document."""


def read_json_file(path: Path, what: str) -> object:
    """Return the decoded document at ``path``.

    Raises:
        InputError: it is missing, unreadable, too large or not JSON.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(MOST + 1)
    except OSError as error:
        raise InputError(
            f"The {what} {str(path)!r} cannot be read: {error.strerror}.",
            next_step="Check the path and its permissions.",
            code="input.unreadable",
        ) from error
    if len(data) > MOST:
        raise InputError(
            f"The {what} {str(path)!r} is too large: at most {MOST // MIB} MiB are read.",
            next_step="Check that this is the file you meant.",
            code="input.size",
        )
    try:
        return json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        reason = "it nests too deeply" if isinstance(error, RecursionError) else str(error)
        raise InputError(
            f"The {what} {str(path)!r} is not JSON: {reason[:200].rstrip('.')}.",
            next_step="Save the service's answer as it is.",
            code="input.json",
        ) from error
