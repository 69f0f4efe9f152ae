# SPDX-License-Identifier: Apache-2.0
"""Brings a revision from a model hub to this machine, with the Hub's own client.

``hf:org/name@revision`` is resolved to an immutable commit and fetched into a cache in the
client's own layout, whose directory names tell repository and commit.
The client follows ``HF_ENDPOINT`` and ``HF_TOKEN``. It only copies bytes; nothing is loaded.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from steelyard.kernel.errors import InputError

SCHEME = "hf:"
_REFERENCE = re.compile(
    r"\Ahf:(?P<name>(?:[A-Za-z0-9][\w.-]*/)?[A-Za-z0-9][\w.-]*)(?:@(?P<revision>[\w./-]+))?\Z"
)


class HubReference(Struct, frozen=True):
    """A repository and the revision asked for (a branch, tag or commit)."""

    repository: str
    revision: str


def parse_reference(text: str) -> HubReference:
    """Return the reference ``hf:org/name[@revision]``; without a revision, ``main``.

    Raises:
        InputError: it is not written like that.
    """
    found = _REFERENCE.match(text)
    if found is None:
        raise InputError(
            f"{text!r} is not a reference to a model on a hub.",
            next_step="Write it like hf:org/name or hf:org/name@revision.",
            code="hub.reference",
        )
    return HubReference(found["name"], found["revision"] or "main")


def cache_directory(environ: Mapping[str, str]) -> Path:
    """Return where fetched revisions are kept (``XDG_CACHE_HOME``, else ``~/.cache``)."""
    base = environ.get("XDG_CACHE_HOME")
    root = Path(base) if base else Path.home() / ".cache"
    return root / "steelyard" / "hub"


def fetch_revision(reference: HubReference, cache: Path) -> Path:
    """Fetch every file of a revision and return its snapshot directory.

    Raises:
        InputError: the client is not installed, the hub refuses or cannot be reached, or there is
            no such repository or revision.
    """
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import (
            GatedRepoError,
            HfHubHTTPError,
            HFValidationError,
            LocalEntryNotFoundError,
            RepositoryNotFoundError,
            RevisionNotFoundError,
        )
        from huggingface_hub.utils.tqdm import disable_progress_bars
    except ImportError as error:
        raise InputError(
            "References of the kind hf: need the Hub's client, which is not installed.",
            next_step="Install the package huggingface-hub, or name a local directory.",
            code="hub.no-client",
        ) from error
    if not sys.stderr.isatty():
        disable_progress_bars()
    name = f"{reference.repository}@{reference.revision}"
    try:
        snapshot = snapshot_download(
            reference.repository, revision=reference.revision, cache_dir=cache
        )
    except GatedRepoError as error:
        raise _refused(name, error, "Ask for access, and set HF_TOKEN.", "hub.refused") from error
    except RevisionNotFoundError as error:
        raise _refused(name, error, "Check the revision.", "hub.no-revision") from error
    except RepositoryNotFoundError as error:
        step = "Check the name; for a private repository set HF_TOKEN."
        raise _refused(name, error, step, "hub.no-repository") from error
    except HFValidationError as error:
        raise _refused(name, error, "Check the name.", "hub.reference") from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        step = "Check the network, HF_ENDPOINT and the space on this disk, and try again."
        raise _refused(name, error, step, "hub.unreachable") from error
    return Path(snapshot)


def _refused(name: str, error: Exception, next_step: str, code: str) -> InputError:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    return InputError(f"{name} cannot be fetched: {reason[:300]}.", next_step=next_step, code=code)
