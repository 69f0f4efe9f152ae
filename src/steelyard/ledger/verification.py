# SPDX-License-Identifier: Apache-2.0
"""What a verification answers, ``steelyard.verification/v1``: problems by file, and who signed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Literal

from msgspec import Struct, json

from steelyard.kernel.errors import SteelyardError

VERIFICATION_SCHEMA = "steelyard.verification/v1"
UNPINNED = (
    "Nothing but this evidence itself vouches for its key. Compare the fingerprint with the "
    "signer's, or pass --key."
)

Reader = Callable[[str], bytes]
"""Returns the bytes of one file by its relative name; raises a SteelyardError if it cannot."""

Trust = Literal["pinned", "own", "not_pinned", "not_trusted"]


class Problem(Struct, frozen=True):
    """Something that does not verify: which file, a stable code, and a sentence."""

    file: str
    code: str
    message: str


class SignedBy(Struct, frozen=True, kw_only=True):
    """The key that signed.

    ``trust`` is ``pinned`` (the caller named this key), ``own`` (it is the key of this machine),
    ``not_pinned`` (only the evidence itself vouches for it) or ``not_trusted`` (the caller named
    other keys).
    """

    name: str
    fingerprint: str
    trust: Trust


class DecisionSummary(Struct, frozen=True, kw_only=True):
    """What the verified statement says, for display."""

    purl: str
    manifest_sha256: str
    environment: str
    outcome: str
    tier: str
    charter: str
    valid_until: str | None
    assessed_at: str


class CharterSummary(Struct, frozen=True, kw_only=True):
    """What a verified adoption says, for display."""

    name: str
    version: str
    sha256: str
    effective: str
    until: str | None
    adopted_at: str
    previous_sha256: str
    catalog: str = ""


class Head(Struct, frozen=True, kw_only=True):
    """The checkpoint, and for a bundle the place of its entry."""

    origin: str
    size: int
    root: str
    """Base64, as the checkpoint spells it."""
    index: int | None = None


class Verification(Struct, frozen=True, kw_only=True):
    """The answer. ``ok`` says that every byte is accounted for, not that the signer is trusted."""

    schema: str = VERIFICATION_SCHEMA
    kind: Literal["bundle", "ledger"]
    ok: bool
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    signer: SignedBy | None = None
    decision: DecisionSummary | None = None
    charter: CharterSummary | None = None
    """For the bundle of an adopted charter."""
    checkpoint: Head | None = None
    files: int = 0
    model_files: int | None = None
    """Files of the model that were compared with the manifest, if one was given."""
    keys: tuple[str, ...] = ()
    """Fingerprints of every key a ledger had, the present one last."""
    witnesses: tuple[str, ...] = ()
    """What witnesses have seen of a ledger."""

    def to_json(self) -> bytes:
        """Return the document ``--format json`` prints."""
        return json.encode(self)


class Findings:
    """Collects problems, one per file and code."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, file: str, code: str, message: str) -> None:
        """Record a problem. A name that is not valid Unicode is shown with escapes."""
        file, message = printable(file), printable(message)
        if not any(known.file == file and known.code == code for known in self.problems):
            self.problems.append(Problem(file, code, message))

    def add_error(self, file: str, error: SteelyardError) -> None:
        """Record what ``error`` says about ``file``."""
        self.add(file, error.code, error.message)

    def about(self, file: str) -> bool:
        """Tell whether something is known to be wrong with ``file``."""
        return any(known.file == printable(file) for known in self.problems)


def printable(text: str) -> str:
    """Return ``text`` with everything escaped that a terminal or JSON could stumble over."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text
    )


def trust_in(fingerprint: str, trusted: Collection[str], own: str | None) -> Trust:
    """Return how far ``fingerprint`` is trusted; a pin always outweighs the local key."""
    if trusted:
        return "pinned" if fingerprint in trusted else "not_trusted"
    return "own" if fingerprint == own else "not_pinned"
