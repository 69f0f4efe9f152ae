# SPDX-License-Identifier: Apache-2.0
"""The signed head of the ledger: C2SP *tlog-checkpoint* in a *signed note*, and *tlog-proof*.

A checkpoint is three lines (origin, number of entries, root hash), an empty line and a signature
line. Everything here is read strictly: exactly one signature, no extension line, one spelling, so
that a changed byte anywhere is either a broken signature or a text that does not re-encode to
itself. https://c2sp.org/tlog-checkpoint, https://c2sp.org/signed-note, https://c2sp.org/tlog-proof
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from steelyard.kernel.errors import IntegrityError
from steelyard.ledger.merkle import HASH_SIZE, leaf_hash, root_from_inclusion
from steelyard.ledger.signing import NoteKey, PublicKey, Signer, decode_base64, is_key_name

PROOF_HEADER = "c2sp.org/tlog-proof@v1"
_SIGNATURE_LINE = re.compile(r"\A\N{EM DASH} (\S+) (\S+)\n\Z")
_DECIMAL = re.compile(r"\A(0|[1-9][0-9]{0,18})\Z")


@dataclass(frozen=True)
class TreeHead:
    """What a checkpoint says: which ledger, how many entries, which root (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return the note text, the bytes that are signed."""
        return f"{self.origin}\n{self.size}\n{_encode(self.root)}\n"


@dataclass(frozen=True)
class SignedHead:
    """A checkpoint as read: the head, and the signature line that has yet to be verified."""

    head: TreeHead
    key_name: str
    key_id: bytes
    signature: bytes

    def encode(self) -> bytes:
        """Return the checkpoint's one spelling."""
        line = f"\N{EM DASH} {self.key_name} {_encode(self.key_id + self.signature)}\n"
        return (self.head.text() + "\n" + line).encode("utf-8")

    def check(self, public: PublicKey) -> None:
        """Verify the signature with ``public`` under the name of the ledger's origin.

        Raises:
            IntegrityError: the line names another key, or the signature does not fit the text.
        """
        key = NoteKey(self.head.origin, public)
        if self.key_name != key.name or self.key_id != key.id:
            raise IntegrityError(
                "The signature line names another key than the one in key.pub.",
                code="signature.other-key",
            )
        if not public.verify(self.signature, self.head.text().encode("utf-8")):
            raise IntegrityError(
                "The signature does not fit the text: one of them was changed.",
                code="signature.invalid",
            )


def sign_head(head: TreeHead, signer: Signer) -> bytes:
    """Return the checkpoint for ``head``, signed under the name of its origin."""
    key = NoteKey(head.origin, signer.public)
    signature = signer.sign(head.text().encode("utf-8"))
    return SignedHead(head, key.name, key.id, signature).encode()


def parse_checkpoint(data: bytes) -> SignedHead:
    """Read a checkpoint without verifying its signature.

    Raises:
        IntegrityError: the text departs from the format in any byte.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed("it is not UTF-8") from error
    body, blank, line = text.partition("\n\n")
    found = _SIGNATURE_LINE.match(line)
    lines = body.split("\n")
    if not blank or found is None or len(lines) != 3:
        raise _malformed("it is not three lines, an empty line and one signature line")
    origin, size, root_text = lines
    root = decode_base64(root_text)
    signed = decode_base64(found[2])
    if not is_key_name(origin) or not is_key_name(found[1]):
        raise _malformed("its name is not a ledger's")
    if _DECIMAL.match(size) is None or root is None or len(root) != HASH_SIZE:
        raise _malformed("its size or root hash is misspelled")
    if signed is None or len(signed) != 4 + 64:
        raise _malformed("its signature is misspelled")
    checkpoint = SignedHead(TreeHead(origin, int(size), root), found[1], signed[:4], signed[4:])
    if checkpoint.encode() != data:
        raise _malformed("it is not spelled the one way")
    return checkpoint


@dataclass(frozen=True)
class InclusionProof:
    """Shows that ``entry`` stands at ``index`` in the tree of the checkpoint it carries."""

    index: int
    entry: bytes
    hashes: tuple[bytes, ...]
    checkpoint: bytes

    def encode(self) -> bytes:
        """Return the ``.tlog-proof`` text; the entry travels in its ``extra`` line."""
        lines = [PROOF_HEADER, f"extra {_encode(self.entry)}", f"index {self.index}"]
        lines += [_encode(one) for one in self.hashes]
        return "\n".join([*lines, "", ""]).encode("ascii") + self.checkpoint

    def check(self, head: TreeHead) -> None:
        """Verify that the entry is in the tree of ``head``.

        Raises:
            IntegrityError: the proof leads to another root.
        """
        root = root_from_inclusion(leaf_hash(self.entry), self.index, head.size, self.hashes)
        if root != head.root:
            raise IntegrityError(
                "The proof does not lead from its entry to the root of its checkpoint.",
                code="ledger.proof",
            )


def parse_proof(data: bytes) -> InclusionProof:
    """Read a ``.tlog-proof`` that carries its entry, without verifying anything.

    Raises:
        IntegrityError: the text departs from the format in any byte before the checkpoint.
    """
    top, blank, checkpoint = data.partition(b"\n\n")
    lines = top.decode("ascii", "replace").split("\n")
    if not blank or len(lines) < 3 or lines[0] != PROOF_HEADER:
        raise _malformed("it does not begin like a tlog-proof", "proof")
    entry = decode_base64(lines[1].removeprefix("extra "))
    index = lines[2].removeprefix("index ")
    hashes = [decode_base64(line) for line in lines[3:]]
    if entry is None or _DECIMAL.match(index) is None:
        raise _malformed("its entry or index is misspelled", "proof")
    known = tuple(one for one in hashes if one is not None and len(one) == HASH_SIZE)
    proof = InclusionProof(int(index), entry, known, checkpoint)
    if proof.encode() != data:
        raise _malformed("a hash is misspelled, or it is not spelled the one way", "proof")
    return proof


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _malformed(why: str, what: str = "checkpoint") -> IntegrityError:
    return IntegrityError(f"This is not a well-formed {what}: {why}.", code=f"{what}.malformed")
