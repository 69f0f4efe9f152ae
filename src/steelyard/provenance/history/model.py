# SPDX-License-Identifier: Apache-2.0
"""The words of contribution history. Times are seconds since 1970, UTC; None is not known."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

HISTORY_SCHEMA = "steelyard.history/v1"
Signature = Literal["none", "present", "verified", "bad", "unknown"]
"""``present`` is not ``verified``: that takes a key somebody trusts, and a check."""
Severity = Literal["info", "low", "medium", "high"]
WEIGHTS = re.compile(
    r"(?i)\.(?:safetensors|gguf|ggml|bin|pt|pth|ckpt|onnx|h5|hdf5|keras|tflite|pb|mlmodel|pkl"
    r"|pickle|joblib|npz|npy|msgpack|params|pdparams|ot|llamafile|engine|nemo)\Z"
)
"""Names of files that hold weights, by their ending: history is told by names, not by bytes."""
CARD = re.compile(r"(?i)\A(?:readme|model_?card)(?:[._-].*)?\.(?:md|markdown)\Z")
LICENSE = re.compile(
    r"(?i)\A(?:licen[cs]e|copying|notice|use_?policy|terms)(?:[._ -].*)?\Z|\A.*[._-]licen[cs]e"
    r"(?:\.(?:txt|md))?\Z"
)


class Person(Struct, frozen=True, kw_only=True):
    """A name and address as somebody typed them; nobody has checked either. ``account`` is the
    user name on a hub, which the hub has checked."""

    name: str = ""
    email: str = ""
    account: str = ""

    @property
    def key(self) -> str:
        """Return what tells people apart: the account, else the address, else the name."""
        return (self.account or self.email or self.name).casefold()

    @property
    def shown(self) -> str:
        """Return a name for reports."""
        if self.account:
            return self.account
        return f"{self.name} <{self.email}>" if self.email else self.name or "nobody"


class FileChange(Struct, frozen=True, kw_only=True):
    """One file a commit changed. ``pointer``: what is stored is a pointer to a large file."""

    path: str
    status: Literal["added", "modified", "deleted", "type"]
    blob: str = ""
    pointer: bool | None = None

    @property
    def name(self) -> str:
        """Return the last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def weights(self) -> bool:
        """Tell whether its name is that of weights."""
        return WEIGHTS.search(self.path) is not None

    @property
    def card(self) -> bool:
        """Tell whether it is the card at the root."""
        return "/" not in self.path and CARD.match(self.path) is not None

    @property
    def license(self) -> bool:
        """Tell whether it is a license text at the root."""
        return "/" not in self.path and LICENSE.match(self.path) is not None


class Commit(Struct, frozen=True, kw_only=True):
    """One commit. ``files`` is None where the source does not say what changed."""

    id: str
    parents: tuple[str, ...] | None
    author: Person
    committer: Person | None
    authored: int | None
    committed: int | None
    title: str
    signature: Signature = "unknown"
    files: tuple[FileChange, ...] | None = None

    @property
    def who(self) -> Person:
        """Return who brought it in: the committer, or the author where a web site committed."""
        if self.committer is None or _is_site(self.committer):
            return self.author
        return self.committer

    @property
    def time(self) -> int | None:
        """Return when it was committed, else when it was written."""
        return self.committed if self.committed is not None else self.authored

    @property
    def weights(self) -> bool | None:
        """Tell whether it changed weights; None where that is not known."""
        if self.files is None:
            return None
        return any(change.weights for change in self.files)

    @property
    def card(self) -> bool | None:
        """Tell whether it changed the card."""
        return None if self.files is None else any(change.card for change in self.files)


def _is_site(person: Person) -> bool:
    return person.email.casefold() in _SITES or person.name.casefold() in ("github", "system")


_SITES = frozenset({"noreply@github.com", "noreply@huggingface.co", "system@huggingface.co"})


class Tag(Struct, frozen=True, kw_only=True):
    """A release: a tag and the commit it names."""

    name: str
    commit: str


class Rewrite(Struct, frozen=True, kw_only=True):
    """A branch that was moved to a commit that does not contain the former one."""

    branch: str
    before: str
    after: str
    time: int | None = None
    who: str = ""
    source: str = ""
    """``activity``, ``reflog`` or ``recorded head``."""


class LicenseState(Struct, frozen=True, kw_only=True):
    """The license at one commit: keys its card and texts name, empty when none is known there."""

    commit: str
    keys: tuple[str, ...]


class History(Struct, frozen=True, kw_only=True):
    """All that was read, newest first. ``complete`` is false where older commits exist that were
    not read (a shallow clone, a page of a list, a limit)."""

    source: Literal["git", "hub"]
    head: str
    commits: tuple[Commit, ...]
    complete: bool
    tags: tuple[Tag, ...] | None = None
    rewrites: tuple[Rewrite, ...] = ()
    licenses: tuple[LicenseState, ...] | None = None
    """At every commit that changed it, newest first; None where texts were not read."""
    since: str = ""
    """The commit that was recorded before, in full; empty when there is none."""
    since_is_ancestor: bool | None = None
    problems: tuple[str, ...] = ()


class Observation(Struct, frozen=True, kw_only=True):
    """Something a reviewer should see. Evidence, not a verdict."""

    id: str
    severity: Severity
    sentence: str
    commits: tuple[str, ...] = ()
    more_commits: int = 0
    references: tuple[str, ...] = ()
    """Entries of frameworks, such as ``ATLAS:AML.T0109``."""
