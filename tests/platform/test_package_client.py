# SPDX-License-Identifier: Apache-2.0
"""Fetching pinned packages with the real client, from wheels made here, without a network."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from steelyard.catalog.demo import PinnedPackage, demo_models
from steelyard.kernel.digest import is_sha256
from steelyard.kernel.errors import InputError
from steelyard.platform.package_client import cache_directory, fetch, lay_out

METADATA = "Metadata-Version: 2.1\nName: toy-model\nVersion: 1.0\nLicense: MIT\n"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that is the only place pip may look."""
    folder = tmp_path / "index"
    folder.mkdir()
    wheel = folder / "toy_model-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("toy/weights.bin", b"w" * 1000)
        archive.writestr("toy_model-1.0.dist-info/METADATA", METADATA)
        archive.writestr("toy_model-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("toy_model-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def package(index: Path, **changes: str) -> PinnedPackage:
    wheel = index / "toy_model-1.0-py3-none-any.whl"
    values = {
        "model": "toy",
        "package": "toy-model",
        "version": "1.0",
        "filename": wheel.name,
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "manifest": "0" * 64,
        "why": "To be tested.",
    }
    layout = {"model.bin": "toy/weights.bin", "papers/METADATA": "toy_model-1.0.dist-info/METADATA"}
    return PinnedPackage(**(values | changes), layout=layout)


def test_a_package_is_fetched_once_and_then_comes_from_the_cache(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    wheel, fetched = fetch(package(index), cache)
    assert fetched
    assert wheel.read_bytes() == next(index.iterdir()).read_bytes()
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nowhere"))
    assert fetch(package(index), cache) == (wheel, False)
    assert [path.name for path in cache.iterdir()] == [wheel.name]


def test_a_damaged_cache_is_fetched_again(index: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    wheel, _ = fetch(package(index), cache)
    wheel.write_bytes(b"damaged")
    assert fetch(package(index), cache) == (wheel, True)


def test_changed_bytes_are_refused_and_leave_nothing(index: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with pytest.raises(InputError, match="toy-model"):
        fetch(package(index, sha256="0" * 64), cache)
    assert list(cache.iterdir()) == []


def test_a_missing_package_is_a_sentence(index: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"could not fetch absent 1\.0") as caught:
        fetch(package(index, package="absent"), tmp_path / "cache")
    assert caught.value.next_step


def test_laying_out_copies_only_what_the_layout_names(index: Path, tmp_path: Path) -> None:
    written: list[int] = []
    target = tmp_path / "models" / "toy"
    lay_out(package(index), next(index.iterdir()), target, written.append)
    files = {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()}
    assert files == {"model.bin", "papers/METADATA"}
    assert sum(written) == 1000 + len(METADATA)
    assert [path.name for path in target.parent.iterdir()] == ["toy"]


def test_laying_out_again_keeps_what_is_whole_and_mends_what_is_not(
    index: Path, tmp_path: Path
) -> None:
    target = tmp_path / "toy"
    wheel = next(index.iterdir())
    lay_out(package(index), wheel, target, lambda _: None)
    inode = target.stat().st_ino
    lay_out(package(index), wheel, target, lambda _: None)
    assert target.stat().st_ino == inode
    (target / "model.bin").write_bytes(b"short")
    lay_out(package(index), wheel, target, lambda _: None)
    assert (target / "model.bin").read_bytes() == b"w" * 1000


def test_the_cache_follows_the_environment(tmp_path: Path) -> None:
    assert cache_directory({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "steelyard" / "packages"
    assert cache_directory({}).is_relative_to(Path.home())


def test_the_demonstration_pins_five_models_by_content() -> None:
    models = demo_models()
    assert len(models) == 5
    for model in models:
        assert is_sha256(model.sha256)
        assert is_sha256(model.manifest)
        assert model.filename.endswith(".whl")
        assert not any(name.startswith("/") or ".." in name for name in model.layout)
        assert "METADATA" in model.layout
