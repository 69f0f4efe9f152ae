# SPDX-License-Identifier: Apache-2.0
"""Files by digest, on a local disk and in a real S3-compatible server."""

from __future__ import annotations

import hashlib
import os
import shutil
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard.kernel.errors import InputError, IntegrityError, MissingError, UnavailableError
from steelyard.platform.blobs.store import CHUNK, PART, Blobs, open_blobs


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["file", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Blobs:
    if request.param == "file":
        return open_blobs("", tmp_path / "blobs")
    return open_s3(request, monkeypatch, tmp_path.name.lower().replace("_", "-"))


def open_s3(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, bucket: str) -> Blobs:
    import urllib.request

    endpoint = request.getfixturevalue("s3_endpoint")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    bucket = f"b-{hashlib.sha256(bucket.encode()).hexdigest()[:20]}"
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/{bucket}", method="PUT")).close()
    return open_blobs(
        f"s3://{bucket}/kept/here", Path("unused"), endpoint=endpoint, region="us-east-1"
    )


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_bytes_come_back_by_their_digest(blobs: Blobs) -> None:
    for data in (b"", b"x", b"hello" * 1000):
        sha256 = blobs.put_bytes(data)
        assert sha256 == digest(data)
        assert blobs.put_bytes(data) == sha256
        assert blobs.has(sha256)
        assert blobs.size(sha256) == len(data)
        assert blobs.read(sha256, most=len(data)) == data
        assert blobs.verify(sha256) == len(data)
    assert sorted(blobs.digests()) == sorted(digest(d) for d in (b"", b"x", b"hello" * 1000))


def test_large_files_are_streamed_in_pieces(blobs: Blobs, tmp_path: Path) -> None:
    data = os.urandom(CHUNK) * 19 + b"end"
    path = tmp_path / "weights.bin"
    path.write_bytes(data)
    sha256 = blobs.put_file(path)
    pieces = list(blobs.stream(sha256))
    assert b"".join(pieces) == data
    assert max(map(len, pieces)) <= CHUNK
    for offset, length in ((0, 0), (5, 10), (CHUNK - 1, CHUNK + 2), (len(data) - 3, None)):
        end = None if length is None else offset + length
        assert b"".join(blobs.stream(sha256, offset, length)) == data[offset:end]
    for offset, length in ((-1, 1), (len(data) + 1, None), (0, len(data) + 1)):
        with pytest.raises(InputError, match="are not all in"):
            blobs.stream(sha256, offset, length)
    with pytest.raises(InputError, match="at most 5"):
        blobs.read(sha256, most=5)


def test_memory_is_bounded_by_parts_not_by_files(tmp_path: Path) -> None:
    blobs = open_blobs("", tmp_path / "blobs")
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(20 * PART)
    tracemalloc.start()
    sha256 = blobs.put_file(path)
    assert blobs.verify(sha256) == 20 * PART
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 * PART, "four parts are under way at a time"


def test_a_stream_with_another_digest_leaves_nothing(blobs: Blobs) -> None:
    data = [os.urandom(CHUNK)] * 10
    claimed = digest(b"something else")
    with pytest.raises(IntegrityError):
        blobs.put_stream(data, sha256=claimed, most=11 * CHUNK)
    with pytest.raises(InputError, match="larger"):
        blobs.put_stream(data, sha256=digest(b"".join(data)), most=9 * CHUNK)
    with pytest.raises(InputError, match="larger"):
        blobs.put_stream(data, most=9 * CHUNK)
    assert list(blobs.digests()) == []
    sha256 = blobs.put_stream(data, most=10 * CHUNK)
    assert sha256 == blobs.put_stream(data, sha256=sha256, most=11 * CHUNK)
    assert blobs.verify(sha256) == 10 * CHUNK


def test_a_download_that_breaks_off_leaves_nothing(blobs: Blobs) -> None:
    def breaks() -> Iterator[bytes]:
        yield os.urandom(9 * CHUNK)
        raise TimeoutError("the line is dead")

    with pytest.raises(UnavailableError, match="the line is dead"):
        blobs.put_stream(breaks(), sha256=digest(b"x"), most=10 * CHUNK)
    assert not blobs.has(digest(b"x"))


def test_what_is_missing_is_said_so_and_deleting_it_is_fine(blobs: Blobs) -> None:
    sha256 = blobs.put_bytes(b"x")
    blobs.delete(sha256)
    blobs.delete(sha256)
    assert not blobs.has(sha256)
    with pytest.raises(MissingError):
        blobs.size(sha256)
    with pytest.raises(MissingError):
        blobs.read(sha256, most=10)
    for bad in ("../../etc/passwd", "A" * 64, ""):
        with pytest.raises(InputError, match="is not a SHA-256"):
            blobs.has(bad)


def test_changed_bytes_are_found_and_can_be_put_again(tmp_path: Path) -> None:
    blobs = open_blobs(f"file://{tmp_path}/kept", tmp_path)
    data = b"model" * 500_000
    sha256 = blobs.put_bytes(data)
    place = tmp_path / "kept" / "sha256" / sha256[:2] / sha256[2:]
    place.write_bytes(data[:-1] + b"X")
    for read in (
        lambda: blobs.verify(sha256),
        lambda: blobs.read(sha256, most=len(data)),
        lambda: list(blobs.stream(sha256)),
    ):
        with pytest.raises(IntegrityError):
            read()
    place.write_bytes(data[:100])
    blobs.put_bytes(data)
    assert blobs.verify(sha256) == len(data), "a file cut short by a crash is replaced"


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    blobs = open_blobs("", tmp_path / "blobs")
    path = tmp_path / "f"
    path.write_bytes(b"a" * 3 * CHUNK)
    with pytest.raises(IntegrityError):
        blobs._put(iter([b"a" * CHUNK, b"b"]), digest(path.read_bytes()), 3 * CHUNK)
    assert list(blobs.digests()) == []
    with pytest.raises(InputError, match="cannot be read"):
        blobs.put_file(tmp_path / "none")


def test_a_store_that_vanished_is_not_an_empty_one(tmp_path: Path) -> None:
    blobs = open_blobs("", tmp_path / "blobs")
    sha256 = blobs.put_bytes(b"x")
    shutil.rmtree(tmp_path / "blobs")
    for act in (
        blobs.check,
        lambda: blobs.has(sha256),
        lambda: blobs.put_bytes(b"y"),
        lambda: blobs.delete(sha256),
    ):
        with pytest.raises(UnavailableError, match="is not where it was"):
            act()


def test_a_bucket_that_does_not_answer_is_said_so_soon(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with pytest.raises(UnavailableError):
        open_blobs("s3://none/x", Path(), endpoint="http://127.0.0.1:9", region="us-east-1")
    endpoint = request.getfixturevalue("s3_endpoint")
    with pytest.raises(UnavailableError):
        open_blobs("s3://no-such-bucket/x", Path(), endpoint=endpoint, region="us-east-1")


@pytest.mark.parametrize("url", ["gs://bucket", "s3://", "https://host/x", "file://host/x"])
def test_other_addresses_are_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not one that is understood"):
        open_blobs(url, tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a disk that is always full")
def test_a_full_disk_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs = open_blobs("", tmp_path / "blobs")

    def full(descriptor: int) -> None:
        with Path("/dev/full").open("wb", buffering=0) as file:
            file.write(b"x")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UnavailableError, match="is full"):
        blobs.put_bytes(b"x")
