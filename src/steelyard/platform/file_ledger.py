# SPDX-License-Identifier: Apache-2.0
"""The ledger as a directory of static files, and bundles as directories: written crash-safely.

An append writes the files of the grown tree first and the checkpoint last; until the checkpoint is
renamed into place, the old tree is the ledger, and the files of the new one are strangers that the
next append replaces. One writer at a time: an exclusive lock on ``.lock`` (held by the operating
system, so a crash frees it).

Before growing the tree, the rightmost tiles are checked against the signed root: a ledger that
does not verify is never appended to.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from steelyard.kernel.errors import InputError, IntegrityError
from steelyard.ledger.bundle import CHECKPOINT, FRAMES, INDEX, KEY, parse_index
from steelyard.ledger.checkpoint import (
    InclusionProof,
    TreeHead,
    parse_checkpoint,
    sign_head,
)
from steelyard.ledger.entry import CharterEntry, LedgerEntry
from steelyard.ledger.merkle import EMPTY_ROOT, inclusion_proof, root_hash
from steelyard.ledger.signing import NoteKey, Signer, key_file, parse_key_file
from steelyard.ledger.tiles import WIDTH, encode_entries, last_tiles
from steelyard.ledger.tree import GrowingTree
from steelyard.ledger.verify_log import LOCK, UNFINISHED
from steelyard.platform import durable
from steelyard.platform.keys import data_home


def ledger_path(environ: Mapping[str, str]) -> Path:
    """Return where the local ledger lies (``STEELYARD_LEDGER``, else the data directory)."""
    stated = environ.get("STEELYARD_LEDGER")
    return Path(stated) if stated else data_home(environ) / "ledger"


@dataclass(frozen=True)
class Appended:
    """What an append answers: the entry's index, the new checkpoint and the proof under it."""

    index: int
    checkpoint: bytes
    proof: bytes
    """The ``.tlog-proof`` text; it carries the entry and the checkpoint."""


@contextmanager
def locked(directory: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold the ledger's lock: exclusive to write, ``shared`` to read a state that stands still.

    A reader does without where there is no lock file (a copy on read-only media has no writer).
    """
    flags = os.O_RDONLY if shared else os.O_RDWR | os.O_CREAT
    try:
        descriptor = os.open(directory / LOCK, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    except OSError:
        if not shared:
            raise
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class FileLedger:
    """An append-only ledger in ``path``, signed by ``signer``; made empty on first use.

    Raises (from the constructor and :meth:`append`):
        InputError: the directory cannot be used, or the ledger belongs to another key.
        IntegrityError: the ledger does not verify; nothing was written.
    """

    def __init__(self, path: Path, signer: Signer) -> None:
        self.path = path
        self._signer = signer
        with _as_input_error(path):
            if not (path / CHECKPOINT).exists():
                self._create()
            self.key = self._check_key()

    def head(self) -> TreeHead:
        """Return the current tree head; its signature is verified."""
        try:
            checkpoint = parse_checkpoint((self.path / CHECKPOINT).read_bytes())
            checkpoint.check(self._signer.public)
        except IntegrityError as error:
            raise self._broken(CHECKPOINT, error) from error
        return checkpoint.head

    def append(self, entry: LedgerEntry | CharterEntry | bytes) -> Appended:
        """Add ``entry`` and return its index, the checkpoint that covers it, and its proof.

        Returns only after everything is on disk.
        """
        leaf = entry if isinstance(entry, bytes) else entry.encode()
        encode_entries([leaf])  # refuses an entry the format cannot hold, before anything is done
        with _as_input_error(self.path), locked(self.path):
            head = self.head()
            tree = GrowingTree(durable.reader(self.path), head)
            for tile, data in tree.grow(leaf):
                durable.make_directory((self.path / tile.path).parent)
                durable.replace_file(self.path / tile.path, data, UNFINISHED)
            grown = TreeHead(head.origin, head.size + 1, root_hash(tree.read, head.size + 1))
            checkpoint = sign_head(grown, self._signer)
            proof = InclusionProof(
                head.size,
                leaf,
                inclusion_proof(tree.read, head.size, grown.size),
                checkpoint,
            )
            durable.replace_file(self.path / CHECKPOINT, checkpoint, UNFINISHED)
            self._prune(grown.size)
        return Appended(head.size, checkpoint, proof.encode())

    def _create(self) -> None:
        """Sign an empty tree under a fresh random origin.

        The origin must not be derived from the key: a ledger begun again with the same key would
        then sign two histories under one name.
        """
        durable.make_directory(self.path)
        with locked(self.path):
            if (self.path / CHECKPOINT).exists():
                return  # another process was first
            if (self.path / "tile").exists():
                raise IntegrityError(
                    f"The ledger {str(self.path)!r} has entries but no checkpoint.",
                    next_step="Restore `checkpoint` from a backup, or set STEELYARD_LEDGER to a "
                    "new directory.",
                    code="ledger.no-checkpoint",
                )
            head = TreeHead(f"steelyard/ledger/{secrets.token_hex(8)}", 0, EMPTY_ROOT)
            key = key_file(NoteKey(head.origin, self._signer.public))
            durable.replace_file(self.path / KEY, key, UNFINISHED)
            checkpoint = sign_head(head, self._signer)
            durable.replace_file(self.path / CHECKPOINT, checkpoint, UNFINISHED)

    def _check_key(self) -> NoteKey:
        try:
            key = parse_key_file((self.path / KEY).read_bytes())
        except IntegrityError as error:
            raise self._broken(KEY, error) from error
        if key.public != self._signer.public:
            raise InputError(
                f"The ledger {str(self.path)!r} belongs to key {key.public.fingerprint[:16]}, not "
                f"to yours ({self._signer.public.fingerprint[:16]}).",
                next_step="Set STEELYARD_KEY to that key, or STEELYARD_LEDGER to a new directory.",
                code="ledger.other-key",
            )
        origin = self.head().origin
        if origin != key.name:
            raise IntegrityError(
                f"The checkpoint is of ledger {origin}, key.pub of {key.name}.",
                code="checkpoint.origin",
            )
        return key

    def _broken(self, name: str, error: IntegrityError) -> IntegrityError:
        return IntegrityError(
            f"The ledger {str(self.path)!r} does not verify at {name}: {error.message}",
            next_step="Run `steelyard ledger verify` to see what was changed.",
            code=error.code,
        )

    def _prune(self, size: int) -> None:
        """Drop the partial files of tiles that are now full; readers of old heads use the full."""
        for tile in last_tiles(size):
            if tile.width == WIDTH:
                full = self.path / tile.path
                with suppress(OSError):  # they do no harm, and verify
                    shutil.rmtree(full.with_name(f"{full.name}.p"))


def check_target(directory: Path) -> None:
    """Refuse a directory that :func:`write_bundle` would refuse; call it before deciding anything.

    Acceptable are: nothing there yet, an empty directory, and a directory that holds a bundle and
    nothing else.

    Raises:
        InputError: something else lies there, or nothing can be written there.
    """
    try:
        _check_target(directory)
    except OSError as error:
        raise _refused(directory, error.strerror or "it cannot be looked at") from error


def _check_target(directory: Path) -> None:
    target = Path(os.path.realpath(directory))
    if Path.cwd().is_relative_to(target):
        raise _refused(directory, "it is the directory you work in")
    if target.is_symlink():
        raise _refused(directory, "it is a link that leads nowhere")
    if not target.exists():
        existing = next(parent for parent in target.parents if parent.exists())
        if not (existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)):
            raise _refused(directory, f"{str(existing)!r} cannot be written to")
        return
    if not target.is_dir():
        raise _refused(directory, "it is not a directory")
    names = durable.list_files(target)
    if not names and not any(target.iterdir()):
        return
    if INDEX not in names:
        raise _refused(directory, "it holds files that are not a bundle's")
    try:
        listed = {file.name for file in parse_index(durable.reader(target)(INDEX)).files}
    except IntegrityError as error:
        raise _refused(directory, "it holds a damaged bundle, which may be needed") from error
    strangers = set(names) - listed - FRAMES
    if strangers:
        raise _refused(directory, f"besides a bundle it holds {min(strangers)!r}")


def write_bundle(directory: Path, files: Mapping[str, bytes]) -> None:
    """Write ``files`` (name → bytes) as the bundle ``directory``, all of them or none.

    They are written beside it and renamed into place; a bundle that was there before is exchanged
    in one step and then removed.

    Raises:
        InputError: as for :func:`check_target`, or the disk is full or refuses; whatever was at
            ``directory`` before is still there.
    """
    check_target(directory)
    target = Path(os.path.realpath(directory))
    fresh = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        durable.make_directory(target.parent)
        fresh.mkdir()
        for name, data in files.items():
            durable.write_file(fresh / name, data)
        durable.flush_directory(fresh)
        if target.exists() and any(target.iterdir()):
            durable.exchange(fresh, target)
        else:
            fresh.rename(target)
        durable.flush_directory(target.parent)
    except OSError as error:
        raise InputError(
            f"The bundle {str(directory)!r} cannot be written: {error.strerror}.",
            next_step="Check permissions and free space; nothing was left behind.",
            code="bundle.unwritable",
        ) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _refused(directory: Path, why: str) -> InputError:
    return InputError(
        f"The bundle cannot be written to {str(directory)!r}: {why}.",
        next_step="Name a new or empty directory, or one that holds an earlier bundle.",
        code="bundle.target",
    )


@contextmanager
def _as_input_error(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(
            f"The ledger {str(path)!r} cannot be written: {error.strerror}.",
            next_step="Check its permissions and free space, or set STEELYARD_LEDGER.",
            code="ledger.unwritable",
        ) from error
