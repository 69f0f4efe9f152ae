# SPDX-License-Identifier: Apache-2.0
"""What is being assessed: a package URL, and a commit where one is known.

A name is a claim; only the manifest digest names bytes. A directory of the Hub client's cache
(``models--org--name/snapshots/<commit>``) tells its repository and commit by its own layout.
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING

from steelyard.kernel.assessment import Subject
from steelyard.kernel.errors import InputError
from steelyard.kernel.manifest import Manifest

if TYPE_CHECKING:
    from packageurl import PackageURL

_COMMIT = re.compile(r"\A[0-9a-f]{40}\Z")
_SNAPSHOT = re.compile(r"\Amodels--(?:(?P<owner>.+?)--)?(?P<name>.+)\Z")


def identify(path: PurePath, manifest: Manifest, stated: str | None = None) -> Subject:
    """Return the subject for the model at ``path``.

    ``stated`` is a package URL the caller vouches for; without it the Hub cache layout is tried,
    and else a ``pkg:generic`` URL is made from the directory's name and the manifest digest.

    Raises:
        InputError: ``stated`` is not a package URL.
    """
    from packageurl import PackageURL

    if stated is not None:
        try:
            purl = PackageURL.from_string(stated)
        except ValueError as error:
            raise InputError(
                f"{stated!r} is not a package URL: {str(error).rstrip('.')}.",
                next_step="Write it like pkg:huggingface/org/name@commit.",
                code="subject.purl",
            ) from error
        _check_checksum(purl, manifest)
    else:
        purl = _from_hub_cache(path) or PackageURL(
            type="generic",
            name=_slug(path.name),
            qualifiers={"checksum": f"sha256:{manifest.digest}"},
        )
    version = purl.version or ""
    name = f"{purl.namespace}/{purl.name}" if purl.namespace else purl.name
    return Subject(
        purl=purl.to_string(),
        name=name,
        commit=version if _COMMIT.match(version) else None,
        manifest_sha256=manifest.digest,
        files=len(manifest.files),
        size=manifest.size,
    )


def names_bytes(purl: str, manifest_sha256: str) -> bool:
    """Tell whether a package URL names exactly the bytes of this manifest, by their digest."""
    from packageurl import PackageURL

    return _checksum(PackageURL.from_string(purl)) == f"sha256:{manifest_sha256}"


def _checksum(purl: PackageURL) -> str:
    return str(purl.to_dict(empty={})["qualifiers"].get("checksum", ""))


def _check_checksum(purl: PackageURL, manifest: Manifest) -> None:
    stated = _checksum(purl)
    if stated and stated != f"sha256:{manifest.digest}":
        raise InputError(
            f"The package URL names other bytes: its checksum is {stated!r}.",
            next_step=f"The manifest of these files is sha256:{manifest.digest}; leave the "
            "checksum out, or name the right directory.",
            code="subject.checksum",
        )


def _from_hub_cache(path: PurePath) -> PackageURL | None:
    from packageurl import PackageURL

    if len(path.parts) < 3 or path.parts[-2] != "snapshots" or not _COMMIT.match(path.name):
        return None
    found = _SNAPSHOT.match(path.parts[-3])
    if found is None:
        return None
    return PackageURL(
        type="huggingface", namespace=found["owner"], name=found["name"], version=path.name
    )


def _slug(name: str) -> str:
    cleaned = "".join(char if char.isalnum() or char in "-._" else "-" for char in name)
    return cleaned.strip("-.") or "model"
