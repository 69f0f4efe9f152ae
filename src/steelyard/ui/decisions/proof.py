# SPDX-License-Identifier: Apache-2.0
"""Verifies a decision's evidence the way ``steelyard verify`` does, and says step by step what
was checked."""

from __future__ import annotations

from typing import NamedTuple

from steelyard.governance.decision import bundle
from steelyard.kernel.errors import InputError, UnavailableError
from steelyard.ledger.bundle import CHECKPOINT, DECISION, FRAME, INDEX, KEY, PROOF, SUMMARY
from steelyard.ledger.verification import Problem, Verification
from steelyard.ledger.verify import verify_bundle
from steelyard.ui.door import Looking
from steelyard.ui.texts import mark

_STEPS: tuple[tuple[str, frozenset[str]], ...] = (
    (mark("Every document is, byte for byte, the one whose digest was signed."), frozenset()),
    (
        mark("The statements about the decision carry a valid signature of this key."),
        frozenset({DECISION, SUMMARY, KEY}),
    ),
    (
        mark("The entry holds both statements, and its proof leads to the root of the ledger."),
        frozenset({PROOF}),
    ),
    (mark("The checkpoint with that root is signed by the ledger's key."), frozenset({CHECKPOINT})),
)
"""Sentence → files whose problems break it; the first step is about all other files."""
_NAMED = frozenset().union(*(files for _, files in _STEPS))


class Step(NamedTuple):
    """One link of the chain, and what is wrong with it."""

    said: str
    problems: tuple[Problem, ...]


class Checked(NamedTuple):
    """The whole verification."""

    found: Verification
    steps: tuple[Step, ...]
    files: tuple[tuple[str, int], ...]
    """Every file that was looked at, with its size."""


def check(viewer: Looking, decision_id: str) -> Checked | UnavailableError:
    """Verify the evidence of a decision; an error while its entry is not in the tree yet.

    Raises:
        MissingError: there is no such decision, or it cannot be seen.
        IntegrityError: a document was changed where it lies.
    """
    try:
        files = viewer.find(
            lambda session: bundle.files_of(session, viewer.actor, decision_id, viewer.house.blobs)
        )
    except UnavailableError as error:
        return error

    def read(name: str) -> bytes:
        if name not in files:
            raise InputError(f"The evidence has no {name}.")
        return files[name]

    own = viewer.house.keys.first().public.fingerprint
    found = verify_bundle(read, files, own=own)
    steps = [
        Step(
            said,
            tuple(
                each for each in found.problems
                if (each.file in names if names else each.file not in _NAMED)
            ),
        )
        for said, names in _STEPS
    ]  # fmt: skip
    order = sorted(files, key=lambda name: (name not in FRAME and name != INDEX, name))
    return Checked(found, tuple(steps), tuple((name, len(files[name])) for name in order))
