# SPDX-License-Identifier: Apache-2.0
"""Adopts a charter: checks it, signs it, appends the event, writes its bundle, in that order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from steelyard.charter.sources import Reader
from steelyard.kernel.errors import InputError
from steelyard.ledger.adoption import Adoption, seal_adoption
from steelyard.ledger.bundle import CHARTER
from steelyard.ledger.signing import Signer
from steelyard.ledger.verification import CharterSummary
from steelyard.platform.file_ledger import FileLedger, check_target, write_bundle


class Adopted(Struct, frozen=True, kw_only=True):
    """An adopted charter and where its bundle and its ledger entry are."""

    directory: Path
    index: int
    key: str
    name: str
    version: str
    sha256: str
    effective: dt.date
    warnings: tuple[str, ...] = ()


def adopt(
    file: str,
    texts: Mapping[str, str],
    read: Reader,
    directory: Path,
    *,
    previous: Path | None,
    ledger: FileLedger,
    signer: Signer,
    now: dt.datetime,
) -> Adopted:
    """Adopt the charter in ``file`` and write its bundle to ``directory``.

    ``texts`` holds the text of ``file``; ``read`` opens what it names and adds that to ``texts``.

    Raises:
        InputError: the charter has errors or contradicts itself, is out of date or older than
            ``previous``; the directory cannot become a bundle.
    """
    from steelyard.charter.conflicts import warnings_of
    from steelyard.charter.load import load
    from steelyard.charter.resolve import identity_of, resolved_json

    check_target(directory)
    loaded = load(texts[file], file, read)
    warnings = warnings_of(loaded)
    charter = loaded.charter
    if charter.until is not None and charter.until < now.date():
        raise InputError(
            f"The charter was in force only until {charter.until.isoformat()}.",
            next_step="Set `until` to a later day, or leave it out.",
            code="charter.over",
        )
    identity = identity_of(charter)
    before = _previous(previous)
    if before is not None and before.sha256 == identity.sha256:
        raise InputError(
            f"The charter {charter.name} {charter.version} is adopted already, unchanged.",
            next_step="There is nothing to do.",
            code="charter.unchanged",
        )
    if before is not None and (before.name, before.version) == (charter.name, charter.version):
        raise InputError(
            f"The charter changed, but still calls itself {charter.name} {charter.version}.",
            next_step="Raise `version`, so that people can tell the two apart.",
            code="charter.version",
        )
    adoption = Adoption(
        identity=identity,
        effective=charter.effective.isoformat(),
        until=charter.until.isoformat() if charter.until else None,
        owner=charter.owner,
        adopted_at=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        previous_sha256=before.sha256 if before else "",
    )
    documents = {CHARTER: resolved_json(charter)}
    for number, text in enumerate(texts.values()):
        documents[f"source-{number}.yaml"] = text.encode()
    sealed = seal_adoption(adoption, documents, signer, ledger.key)
    appended = ledger.append(sealed.entry)
    frame = {"checkpoint": appended.checkpoint, "proof.tlog-proof": appended.proof}
    write_bundle(directory, {**sealed.files, **frame})
    return Adopted(
        directory=directory,
        index=appended.index,
        key=ledger.key.text,
        name=charter.name,
        version=charter.version,
        sha256=identity.sha256,
        effective=charter.effective,
        warnings=tuple(str(warning) for warning in warnings),
    )


def _previous(directory: Path | None) -> CharterSummary | None:
    if directory is None:
        return None
    from steelyard.ledger.verify import verify_bundle
    from steelyard.platform import durable

    verification = verify_bundle(durable.reader(directory), durable.list_files(directory))
    if verification.charter is None or not verification.ok:
        said = verification.problems[0].message if verification.problems else "it is a decision's"
        raise InputError(
            f"{str(directory)!r} is not the sound bundle of an adopted charter: {said}",
            next_step="Give the directory that `steelyard charter adopt --output` wrote.",
            code="charter.previous",
        )
    return verification.charter
