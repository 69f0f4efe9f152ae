# SPDX-License-Identifier: Apache-2.0
"""Bad input through the doors: a sentence, the right exit code, and nothing half-written."""

from __future__ import annotations

import os
import re
import struct
from pathlib import Path

import pytest
from tests.stories.conftest import Ran, Run, safetensors, use_case


def assess(run: Run, model: Path, *more: str | Path) -> Ran:
    return run(
        "assess", model, "--use-case", use_case("internal-search"), "--charter", "starter", *more
    )


def says(ran: Ran, *words: str) -> bool:
    text = " ".join((ran.out + ran.err).split())
    return all(word in text for word in words)


def test_missing_and_empty_paths(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for command in (["scan"], ["bom"], ["license"]):
        missing = run(*command, tmp_path / "missing")
        assert missing.code == 2, missing
        assert says(missing, "There is nothing at", "next:")
        empty = run(*command, tmp_path / "empty")
        assert empty.code == 2, empty
        assert says(empty, "holds no files")
    assert assess(run, tmp_path / "missing").code == 2


def test_references_that_cannot_be_fetched_say_what_to_do(run: Run) -> None:
    done = run("assess", "oci:registry.example.org/m:1", "--use-case", use_case("internal-search"))
    assert done.code == 2
    assert says(done, "oci:", "next:")


def test_broken_yaml_names_line_and_column(run: Run, encoder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "use.yaml"
    broken.write_text("name: x\npurpose: [unclosed\n")
    done = run("assess", encoder, "--use-case", broken)
    assert done.code == 2, done
    assert f"{broken}:" in done.err
    assert "error:" in done.err


def test_an_unknown_field_names_the_nearest(run: Run, encoder: Path, tmp_path: Path) -> None:
    text = use_case("internal-search").read_text().replace("data_class:", "data_clas:")
    wrong = tmp_path / "use.yaml"
    wrong.write_text(text)
    line = next(n for n, row in enumerate(text.splitlines(), 1) if row.startswith("data_clas:"))
    done = run("assess", encoder, "--use-case", wrong)
    assert done.code == 2
    assert f"{wrong}:{line}:1: error:" in done.err
    assert "data_class" in done.err


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("data_class: internal", "data_class: secretish", "secretish"),
        ("commercial: true", "commercial: perhaps", "commercial"),
        ("expires: ", "expires: soon-", "expires"),
        ("owner: ", "owner: nobody #", "owner"),
    ],
)
def test_wrong_values_are_refused_at_load(
    run: Run, encoder: Path, tmp_path: Path, old: str, new: str, word: str
) -> None:
    text = use_case("internal-search").read_text()
    assert old in text
    wrong = tmp_path / "use.yaml"
    wrong.write_text(text.replace(old, new))
    done = run("assess", encoder, "--use-case", wrong)
    assert done.code == 2, done
    assert word in done.err


def test_an_expired_use_case_is_refused(run: Run, encoder: Path, tmp_path: Path) -> None:
    text = use_case("internal-search").read_text()
    old = tmp_path / "use.yaml"
    old.write_text(re.sub(r"(?m)^expires:.*$", "expires: 2020-01-01", text))
    done = run("assess", encoder, "--use-case", old)
    assert done.code == 2
    assert says(done, "expired", "2020-01-01")


def test_an_unknown_charter_names_the_profiles(run: Run, encoder: Path) -> None:
    done = run(
        "assess", encoder, "--use-case", use_case("internal-search"), "--charter", "standart"
    )
    assert done.code == 2
    assert says(done, "starter", "standard", "regulated")


def test_an_unknown_license_tag_gives_no_permission(run: Run, encoder: Path) -> None:
    card = encoder / "README.md"
    card.write_text(card.read_text().replace("apache-2.0", "apache-99-turbo"))
    done = assess(run, encoder, "--format", "json")
    assert done.code in (1, 3), done
    assert done.json["license"]["category"] == "unknown"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("model.safetensors", safetensors()[:100]),
        ("model.safetensors", struct.pack("<Q", 2**31) + b"{" + bytes(64)),
        ("model.safetensors", struct.pack("<Q", 2**63) + b"{}"),
        ("m.gguf", b"GGUF\x03\0\0\0" + struct.pack("<QQ", 2**60, 2**60)),
        ("m.gguf", b"GGUF\x03\0\0\0" + struct.pack("<QQ", 1, 1) + b"\x05"),
        ("m.zip", b"PK\x03\x04" + bytes(40)),
        ("m.pkl", b"\x80\x04" + b"(" * 200_000),
        ("m.pkl", b"\x80\x04\x95\x10"),
        ("m.npy", b"\x93NUMPY\x01\0\xff\xff{"),
        ("tokenizer.json", b"[" * 100_000),
        ("m.onnx", b"\x08\x07\x3a\xff\xff\xff\xff\x0f"),
    ],
)
def test_broken_and_hostile_files_are_never_clean_and_never_crash(
    run: Run, tmp_path: Path, name: str, data: bytes
) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / name).write_bytes(data)
    done = run("scan", model, "--format", "json")
    assert done.code in (1, 3), done
    (file,) = done.json["files"]
    assert file["verdict"] != "clean"
    assert file["coverage"] != "full" or file["findings"]


def test_odd_things_in_the_tree(run: Run, encoder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (encoder / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(encoder / "pipe")
    (encoder / os.fsdecode(b"bad\xff")).write_text("x")
    done = run("scan", encoder, "--format", "json")
    assert done.code == 1, done
    rules = {
        file["path"]: [finding["rule"] for finding in file["findings"]]
        for file in done.json["files"]
    }
    assert "path.symlink-escape" in rules["link"]
    assert "path.special-file" in rules["pipe"]
    assert "bad%FF" in rules


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_an_unreadable_file(run: Run, encoder: Path) -> None:
    (encoder / "config.json").chmod(0)
    done = run("scan", encoder, "--format", "json")
    assert done.code == 3, done


def test_no_partial_bundle_is_left_behind(run: Run, encoder: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "mine.txt").write_text("do not touch")
    before = sorted(path.name for path in tmp_path.iterdir())
    done = assess(run, encoder, "--output", taken)
    assert done.code == 2, done
    assert [path.name for path in taken.iterdir()] == ["mine.txt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    inside_a_file = assess(run, encoder, "--output", taken / "mine.txt" / "x")
    assert inside_a_file.code == 2, inside_a_file


def test_a_bundle_that_is_none(run: Run, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    done = run("verify", tmp_path / "nothing")
    assert done.code == 2, done
    assert run("verify", tmp_path / "missing").code == 2
    assert run("ledger", "verify", tmp_path / "nothing").code == 2


def test_evidence_is_not_written_into_the_model(run: Run, encoder: Path) -> None:
    done = assess(run, encoder, "--output", encoder / "evidence")
    assert done.code == 2, done
    assert says(done, "model itself", "next:")
    assert not (encoder / "evidence").exists()


def test_an_environment_no_charter_knows_is_refused(run: Run, encoder: Path) -> None:
    done = assess(run, encoder, "--environment", "Production")
    assert done.code == 2, done
    assert says(done, "lower-case", "next:")


def test_a_package_url_of_other_bytes_is_refused(run: Run, encoder: Path) -> None:
    done = assess(run, encoder, "--purl", f"pkg:generic/x?checksum=sha256:{'0' * 64}")
    assert done.code == 2, done
    assert says(done, "names other bytes", "next:")
