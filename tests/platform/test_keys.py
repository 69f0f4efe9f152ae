# SPDX-License-Identifier: Apache-2.0
"""The local key: made once, private, the same for everybody who starts at the same time."""

from __future__ import annotations

import multiprocessing
import os
import stat
from pathlib import Path

import pytest
from tests.ledger.build import KEY, SIGNER

from steelyard.kernel.errors import InputError
from steelyard.ledger.signing import key_file
from steelyard.platform.keys import (
    fingerprint_of,
    key_path,
    load_or_create,
    load_public,
    own_fingerprint,
)

not_as_root = pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")


def test_a_key_is_made_once_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "new" / "steelyard" / "key.pem"
    assert load_public(path) is None
    made = load_or_create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert load_or_create(path).public == made.public
    assert load_public(path) == made.public
    assert [file.name for file in path.parent.iterdir()] == ["key.pem"]
    assert made.public.verify(load_or_create(path).sign(b"x"), b"x")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o620, 0o604])
def test_a_key_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key.pem"
    load_or_create(path)
    path.chmod(mode)
    with pytest.raises(InputError) as caught:
        load_or_create(path)
    assert caught.value.code == "key.exposed"
    assert f"chmod 600 {path}" in caught.value.next_step


@pytest.mark.parametrize("content", [b"", b"nonsense", SIGNER.public.pem()])
def test_what_is_not_a_private_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(InputError, match="Ed25519"):
        load_or_create(path)
    assert path.read_bytes() == content


def test_a_directory_or_a_file_in_the_way_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path, tmp_path / "file" / "key.pem"):
        with pytest.raises(InputError, match="signing key"):
            load_or_create(path)


@not_as_root
def test_an_unwritable_directory_is_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="cannot be read or made"):
        load_or_create(tmp_path / "key.pem")


def _first_use(path: str, gate: object, results: object) -> None:
    gate.wait()  # type: ignore[attr-defined] # a multiprocessing barrier
    results.put(load_or_create(Path(path)).public.fingerprint)  # type: ignore[attr-defined]


def test_processes_that_start_together_get_one_key(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("fork")
    gate, results = spawn.Barrier(8), spawn.Queue()
    path = tmp_path / "deep" / "key.pem"
    runs = [spawn.Process(target=_first_use, args=(str(path), gate, results)) for _ in range(8)]
    for run in runs:
        run.start()
    seen = {results.get(timeout=30) for _ in runs}
    for run in runs:
        run.join()
    assert len(seen) == 1
    assert [file.name for file in path.parent.iterdir()] == ["key.pem"]


def test_where_the_key_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert key_path({"STEELYARD_KEY": "/k"}) == Path("/k")
    assert key_path({"XDG_DATA_HOME": "/d"}) == Path("/d/steelyard/key.pem")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert key_path({}) == tmp_path / ".local/share/steelyard/key.pem"


def test_naming_a_key_to_trust(tmp_path: Path) -> None:
    environ = {"STEELYARD_KEY": str(tmp_path / "key.pem")}
    assert own_fingerprint(environ) is None
    with pytest.raises(InputError, match="no local key"):
        fingerprint_of("local", environ)
    own = load_or_create(tmp_path / "key.pem").public.fingerprint
    assert own_fingerprint(environ) == fingerprint_of("local", environ) == own
    (tmp_path / "key.pub").write_bytes(key_file(KEY))
    (tmp_path / "pem").write_bytes(KEY.public.pem())
    for stated in (
        KEY.public.fingerprint,
        KEY.public.fingerprint.upper(),
        KEY.text,
        str(tmp_path / "key.pub"),
        str(tmp_path / "pem"),
    ):
        assert fingerprint_of(stated, environ) == KEY.public.fingerprint
    private = str(tmp_path / "key.pem")
    for stated in ("nonsense", "a+b+c", str(tmp_path), private, "0" * 63, "x" * 300, "ü+" * 300):
        with pytest.raises(InputError):
            fingerprint_of(stated, environ)
    (tmp_path / "key.pem").chmod(0o644)
    assert own_fingerprint(environ) is None
