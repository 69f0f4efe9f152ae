# SPDX-License-Identifier: Apache-2.0
"""OpenSSF Model Signing: which files were signed, and whether a manifest is of the same ones.

Written from the specification, version 1.0, and from what ``model-signing`` 1.1.1 writes. A
signature may leave files out by rules of its own (``ignore_paths``, and Git's files by default).
Such a file may be anything at all, so it is named as not covered rather than passed over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from typing import Any

from msgspec import Struct

from steelyard.kernel.digest import is_sha256
from steelyard.kernel.manifest import Manifest
from steelyard.kernel.signature import FileDifference, Reason
from steelyard.provenance.signatures.reading import malformed, member
from steelyard.provenance.signatures.statement import STATEMENT_V1, Statement

PREDICATE = "https://model_signing/signature/v1.0"
OLD_PREDICATE = "https://model_signing/Digests/v0.1"
GIT_PATHS = (".git", ".gitattributes", ".github", ".gitignore")
"""Left out by default, at the top of the model only."""
_WHOLE = "."
"""Name of the one resource of a model that is a single file."""
_MAX_IGNORED = 10_000


class SignedFiles(Struct, frozen=True, kw_only=True):
    """What a statement says was signed."""

    name: str
    digests: dict[str, str]
    """SHA-256 by path; the path ``.`` stands for a model that is one file."""
    ignored: tuple[str, ...]
    cannot: Reason | None = None
    """Why its digests cannot be compared with a manifest; ``digests`` is empty then."""


def signed_files(statement: Statement) -> SignedFiles:
    """Return what a statement says was signed.

    Raises:
        IntegrityError: it is not a Model Signing statement, or contradicts itself.
    """
    if statement.predicate_type == OLD_PREDICATE:
        return _cannot(statement, "it was made before version 1.0 of Model Signing")
    if statement.predicate_type != PREDICATE or statement.type != STATEMENT_V1:
        raise malformed("The statement is not a model signature.", "signature.predicate")
    rows = member(statement.predicate, "resources", list, "model signature")
    how = member(statement.predicate, "serialization", dict, "model signature")
    if len(statement.subjects) != 1 or not rows:
        raise malformed("The model signature names no files, or not one subject.")
    root = hashlib.sha256()
    found: dict[str, str] = {}
    algorithms: set[str] = set()
    for row in rows:
        name, algorithm, digest = _resource(row)
        if name in found:
            raise malformed("The model signature names a file twice.")
        found[name] = digest
        algorithms.add(algorithm)
        root.update(bytes.fromhex(digest))
    if root.hexdigest() != statement.subjects[0].digests.get("sha256"):
        raise malformed("The subject of the model signature is not the digest of its files.")
    method, algorithm = how.get("method"), how.get("hash_type")
    if method != "files":
        return _cannot(statement, f"it signs parts of files ({str(method)[:32]!r})")
    if algorithms != {"sha256"} or algorithm != "sha256":
        return _cannot(statement, "its digests of files are not SHA-256")
    if not all(map(is_sha256, found.values())):
        raise malformed("A digest of the model signature is not a SHA-256.")
    for name in found:
        _check_path(name, whole=len(found) == 1)
    return SignedFiles(
        name=statement.subjects[0].name, digests=found, ignored=_ignored(how.get("ignore_paths"))
    )


def compare(
    signed: SignedFiles,
    manifest: Manifest,
    *,
    refused: Mapping[str, str],
    beside: Collection[str] = (),
) -> tuple[tuple[FileDifference, ...], tuple[str, ...]]:
    """Return the differences between ``signed`` and a model, and the files nothing vouches for.

    ``refused`` are names that are no readable regular file, with the reason; ``beside`` are files
    in the directory that are not of the model: the signature itself.
    """
    digests = signed.digests
    if digests.keys() == {_WHOLE} and len(manifest.files) == 1:
        digests = {manifest.files[0].path: digests[_WHOLE]}
    rules = frozenset(signed.ignored)
    found: list[FileDifference] = []
    open_files: list[str] = []
    present = {entry.path: entry.sha256 for entry in manifest.files}
    for path, digest in digests.items():
        if path in present:
            if present[path] != digest:
                text = f"{path} has other bytes than were signed."
                found.append(FileDifference(path, "changed", text))
        elif path not in refused:
            text = f"{path} was signed and is missing."
            found.append(FileDifference(path, "missing", text))
    for path in present.keys() - digests.keys() - set(beside):
        if _is_ignored(path, rules):
            open_files.append(path)
        else:
            text = f"{path} is not among the signed files."
            found.append(FileDifference(path, "extra", text))
    for path, why in refused.items():
        if path in digests or not _is_ignored(path, rules):
            found.append(FileDifference(path, "refused", f"{path} was not read: {why}."))
        else:
            open_files.append(path)
    found.sort(key=lambda one: (one.path, one.kind))
    return tuple(found), tuple(sorted(open_files))


def _resource(row: object) -> tuple[str, str, str]:
    if not isinstance(row, dict):
        raise malformed("A file of the model signature is no object.")
    name = member(row, "name", str, "model signature")
    algorithm = member(row, "algorithm", str, "model signature")
    digest = member(row, "digest", str, "model signature")
    try:
        bytes.fromhex(digest)
    except ValueError as error:
        raise malformed("A digest of the model signature is not hexadecimal.") from error
    if digest != digest.lower() or " " in digest or not digest or len(digest) > 256:
        raise malformed("A digest of the model signature is not lower-case hexadecimal.")
    return name, algorithm, digest


def _check_path(path: str, *, whole: bool) -> None:
    parts = path.split("/")
    plain = not any(part in ("", ".", "..") for part in parts) and "\0" not in path
    if not (plain or (whole and path == _WHOLE)) or len(path) > 4096:
        raise malformed("The model signature names a file outside the model.")


def _ignored(rows: Any) -> tuple[str, ...]:
    if rows is None:
        return GIT_PATHS
    if not isinstance(rows, list) or len(rows) > _MAX_IGNORED:
        raise malformed("The ignore rules of the model signature are not usable.")
    for row in rows:
        if not isinstance(row, str):
            raise malformed("An ignore rule of the model signature is not a path.")
        _check_path(row, whole=False)
    return tuple(dict.fromkeys((*rows, *GIT_PATHS)))


def _is_ignored(path: str, rules: frozenset[str]) -> bool:
    """Tell whether a rule names ``path`` or a directory it lies in."""
    parts = path.split("/")
    return any("/".join(parts[:count]) in rules for count in range(1, len(parts) + 1))


def _cannot(statement: Statement, why: str) -> SignedFiles:
    return SignedFiles(
        name=statement.subjects[0].name,
        digests={},
        ignored=(),
        cannot=Reason(
            code="signature.form",
            message=f"This signature cannot be compared with the files here: {why}.",
            next_step="Ask for one over whole files with SHA-256, the default of model-signing.",
        ),
    )
