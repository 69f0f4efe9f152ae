# SPDX-License-Identifier: Apache-2.0
"""Brings a revision from a model hub to this machine, with the Hub's own client.

``hf:org/name@revision`` is resolved to an immutable commit and fetched into a cache in the
client's own layout, whose directory names tell repository and commit.
The client follows ``HF_ENDPOINT`` and ``HF_TOKEN``. It only copies bytes; nothing is loaded.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct

from steelyard.kernel.errors import InputError

SCHEME = "hf:"
T = TypeVar("T")
_COMMIT = re.compile(r"\A[0-9a-f]{40}\Z")
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


def resolve_revision(reference: HubReference) -> str:
    """Return the immutable commit that a branch, tag or commit names now.

    Raises:
        InputError: as for :func:`fetch_revision`.
    """
    if _COMMIT.match(reference.revision):
        return reference.revision

    def ask(hub: Any) -> str:
        info = hub.HfApi(endpoint=_endpoint()).model_info(
            reference.repository, revision=reference.revision
        )
        return str(info.sha or "")

    commit = _asked(reference, ask)
    if not _COMMIT.match(commit):
        raise InputError(
            f"The hub names no commit for {reference.repository}@{reference.revision}.",
            next_step="Name a commit: hf:org/name@ and 40 hexadecimal digits.",
            code="hub.no-revision",
        )
    return commit


def fetch_revision(
    reference: HubReference,
    cache: Path,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Fetch every file of a revision and return its snapshot directory.

    ``progress`` hears, from several threads, how many bytes came and how many will in all, as far
    as that is known.

    Raises:
        InputError: the client is not installed, the hub refuses or cannot be reached, or there is
            no such repository or revision.
    """

    def fetch(hub: Any) -> Path:
        return Path(
            hub.snapshot_download(
                reference.repository,
                revision=reference.revision,
                cache_dir=cache,
                endpoint=_endpoint(),
                **({"tqdm_class": _told_to(progress)} if progress is not None else {}),
            )
        )

    return _asked(reference, fetch)


def _told_to(progress: Callable[[int, int], None]) -> Any:
    """Return a bar for the client that draws nothing and tells how many bytes came.

    The client has a bar for bytes that came, one for bytes on disk, and one for files. The totals
    grow as it learns of files; the first two are told as one, by whichever is further.
    """
    from tqdm import tqdm  # type: ignore[import-untyped]

    told: dict[int, tuple[int, int]] = {}

    class Bar(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self._bytes = kwargs.get("unit") == "B"
            super().__init__(*args, **{**kwargs, "disable": False, "file": io.StringIO()})
            self._tell()

        def update(self, n: float | None = 1) -> Any:
            shown = super().update(n)
            self._tell()
            return shown

        def refresh(self, *_args: Any, **_kwargs: Any) -> None:
            self._tell()

        def _tell(self) -> None:
            if self._bytes:
                told[id(self)] = int(self.n), int(self.total or 0)
                both = list(told.values())
                progress(max(done for done, _ in both), max(total for _, total in both))

    return Bar


def _endpoint() -> str | None:
    """Return the hub's address; the client itself reads it only once, when it is imported."""
    return os.environ.get("HF_ENDPOINT") or None


def _asked(reference: HubReference, ask: Callable[[Any], T]) -> T:
    """Return what ``ask`` gets from the Hub's client; what can go wrong becomes a sentence."""
    try:
        import huggingface_hub
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
        return ask(huggingface_hub)
    except GatedRepoError as error:
        raise _refused(name, error, "Ask for access, and set HF_TOKEN.", "hub.refused") from error
    except RevisionNotFoundError as error:
        raise _refused(name, error, "Check the revision.", "hub.no-revision") from error
    except RepositoryNotFoundError as error:
        step = "Check the name; for a private repository set HF_TOKEN."
        raise _refused(name, error, step, "hub.no-repository") from error
    except HFValidationError as error:
        raise _refused(name, error, "Check the name.", "hub.reference") from error
    except Exception as error:
        http = type(error).__module__.partition(".")[0] in ("httpx", "httpcore")
        known = isinstance(error, LocalEntryNotFoundError | HfHubHTTPError | OSError)
        if not http and not known:
            raise
        step = "Check the network, HF_ENDPOINT and the space on this disk, and try again."
        raise _refused(name, error, step, "hub.unreachable") from error


def _refused(name: str, error: Exception, next_step: str, code: str) -> InputError:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    return InputError(f"{name} cannot be fetched: {reason[:300]}.", next_step=next_step, code=code)
