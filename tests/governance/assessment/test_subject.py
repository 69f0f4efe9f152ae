# SPDX-License-Identifier: Apache-2.0
"""Naming what is assessed."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from steelyard.governance.assessment.subject import identify, names_bytes
from steelyard.kernel.errors import InputError
from steelyard.kernel.manifest import FileEntry, manifest_of

COMMIT = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"
MANIFEST = manifest_of([FileEntry("model.safetensors", 10, "a" * 64)])


def test_a_plain_directory_is_named_by_its_bytes() -> None:
    subject = identify(PurePosixPath("/models/My Model"), MANIFEST)
    assert subject.purl == f"pkg:generic/My-Model?checksum=sha256:{MANIFEST.digest}"
    assert subject.name == "My-Model"
    assert subject.commit is None
    assert (subject.files, subject.size) == (1, 10)


@pytest.mark.parametrize(
    ("folder", "purl", "name"),
    [
        ("models--org--some--name", f"pkg:huggingface/org/some--name@{COMMIT}", "org/some--name"),
        ("models--bert", f"pkg:huggingface/bert@{COMMIT}", "bert"),
    ],
)
def test_the_hub_cache_layout_tells_repository_and_commit(
    folder: str, purl: str, name: str
) -> None:
    subject = identify(PurePosixPath(f"/c/{folder}/snapshots/{COMMIT}"), MANIFEST)
    assert (subject.purl, subject.name, subject.commit) == (purl, name, COMMIT)


@pytest.mark.parametrize(
    "path",
    [f"/c/datasets--a--b/snapshots/{COMMIT}", "/c/models--a--b/snapshots/main", f"/{COMMIT}"],
)
def test_other_layouts_are_not_taken_for_a_commit(path: str) -> None:
    assert identify(PurePosixPath(path), MANIFEST).commit is None


def test_a_stated_purl_wins_and_a_broken_one_is_a_sentence() -> None:
    stated = identify(PurePosixPath("/m"), MANIFEST, "pkg:huggingface/Org/Name@main")
    assert stated.name == "Org/Name"
    assert stated.commit is None
    with pytest.raises(InputError, match="not a package URL"):
        identify(PurePosixPath("/m"), MANIFEST, "org/name")


def test_the_root_directory_still_gets_a_name() -> None:
    assert identify(PurePosixPath("/"), MANIFEST).name == "model"


def test_a_checksum_counts_only_if_it_is_of_these_bytes() -> None:
    own = f"pkg:generic/x?checksum=sha256:{MANIFEST.digest}"
    assert names_bytes(identify(PurePosixPath("/m"), MANIFEST, own).purl, MANIFEST.digest)
    assert not names_bytes("pkg:generic/x?note=checksum=sha256:1", MANIFEST.digest)
    with pytest.raises(InputError, match="names other bytes"):
        identify(PurePosixPath("/m"), MANIFEST, f"pkg:generic/x?checksum=sha256:{'0' * 64}")
