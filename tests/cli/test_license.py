# SPDX-License-Identifier: Apache-2.0
"""``steelyard license`` through the real sandbox."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LICENSE = Path(__file__).resolve().parents[2] / "LICENSE"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "steelyard", "license", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def document(*arguments: str) -> tuple[int, dict[str, Any]]:
    done = run(*arguments, "--format", "json")
    assert done.stderr == ""
    parsed: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, parsed


def test_one_file_is_judged_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "something.dat"
    path.write_bytes(LICENSE.read_bytes())
    code, found = document(str(path))
    assert code == 0
    assert found["schema"] == "steelyard.license/v1"
    (file,) = found["files"]
    assert set(file) == {"path", "verdict", "matches", "additional_terms", "excerpt"}
    assert (file["path"], file["verdict"]) == ("something.dat", "exact")
    (match,) = file["matches"]
    assert match == {"key": "apache-2.0", "spdx": "Apache-2.0", "coverage": 1.0, "changed": []}
    assert found["expression"] == "Apache-2.0"
    assert {owed["license"] for owed in found["obligations"]} == {"Apache-2.0"}


def test_a_directory_is_composed_with_its_conflicts(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_bytes(LICENSE.read_bytes())
    (tmp_path / "README.md").write_text("---\nlicense: mit\n---\n# x\n", encoding="utf-8")
    code, found = document(str(tmp_path))
    assert code == 0
    assert [file["path"] for file in found["files"]] == ["LICENSE"]
    assert [each["raw"] for each in found["declared"]] == ["mit"]
    assert [each["kind"] for each in found["conflicts"]] == ["text-differs"]
    shown = run(str(tmp_path))
    assert shown.returncode == 0
    for words in ("Apache-2.0 AND MIT", "README.md: mit", "Conflicts", "asks", "word for word"):
        assert words in shown.stdout


def test_an_altered_text_cannot_be_decided(tmp_path: Path) -> None:
    text = LICENSE.read_text(encoding="utf-8").replace("irrevocable", "revocable", 1)
    (tmp_path / "LICENSE").write_text(text, encoding="utf-8")
    code, found = document(str(tmp_path))
    assert code == 3
    (file,) = found["files"]
    assert file["verdict"] == "variant_of"
    changed = [span for span in file["matches"][0]["changed"] if span["severity"] != "info"]
    assert [text[span["start"] : span["end"]] for span in changed] == ["revocable"]
    assert "revocable" in run(str(tmp_path)).stdout


def test_nothing_found_is_not_permission(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(b"\0" * 64)
    code, found = document(str(tmp_path / "weights.bin"))
    assert code == 3
    assert found["expression"] is None
    assert [each["kind"] for each in found["conflicts"]] == ["unknown-license"]


def test_a_missing_path_is_an_input_error(tmp_path: Path) -> None:
    done = run(str(tmp_path / "none"))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("steelyard: There is nothing at")


def test_show_prints_terms_with_quotes() -> None:
    done = run("show", "llama3.1")
    assert done.returncode == 0
    assert "Built with Llama" in done.stdout and "user-cap" in done.stdout
    code, found = document("show", "llama-3.1-license-2024")
    assert code == 0 and found["schema"] == "steelyard.license-terms/v1"
    assert found["terms"]["terms"] and found["license"]["key"] == "llama-3.1-license-2024"


def test_show_names_near_licenses_and_ambiguous_ones() -> None:
    done = run("show", "apche-2.0")
    assert done.returncode == 2 and "apache-2.0" in done.stderr
    done = run("show", "gemma")
    assert done.returncode == 2 and "gemma-tou-2025-03-24" in done.stderr


def test_list_filters() -> None:
    code, found = document("list", "--category", "research-only")
    assert code == 0 and {entry["category"] for entry in found["licenses"]} == {"research-only"}
    assert run("list", "--category", "nice").returncode == 2
    assert "No license matches" in run("list", "--search", "zzzz").stdout


def test_diff_of_licenses_and_of_directories(tmp_path: Path) -> None:
    code, found = document("diff", "mit", "cc-by-nc-4.0")
    assert code == 3 and found["schema"] == "steelyard.license-diff/v1" and found["reopens"]
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old, new):
        folder.mkdir()
        (folder / "LICENSE").write_bytes(LICENSE.read_bytes())
    code, found = document("diff", str(old), str(new))
    assert code == 0 and found["direction"] == "same"
    (new / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n# M\n")
    code, found = document("diff", str(old), str(new))
    assert code == 3 and "no-commercial-use" in {fact["fact"] for fact in found["facts"]}


def test_a_path_named_like_a_command_can_be_given(tmp_path: Path) -> None:
    (tmp_path / "show").write_bytes(LICENSE.read_bytes())
    code, found = document(str(tmp_path / "show"))
    assert code == 0 and found["expression"] == "Apache-2.0"
    assert run().returncode == 2


def test_every_place_a_license_is_named_is_read(tmp_path: Path) -> None:
    """In another encoding, in project files, in a README's section and in a source's notice."""
    text = LICENSE.read_text(encoding="utf-8")
    (tmp_path / "LICENSE").write_bytes(text.encode("utf-16"))
    (tmp_path / "pyproject.toml").write_text('[project]\nlicense = "MIT"\n', encoding="utf-8")
    (tmp_path / "README.md").write_text("# x\n\n## License\n\nISC\n", encoding="utf-8")
    notice = "// Licensed under the BSD-3-Clause license\nint x;\n"
    (tmp_path / "kernel.cu").write_text(notice, encoding="utf-8")
    _, found = document(str(tmp_path))
    (file,) = found["files"]
    assert (file["path"], file["matches"][0]["key"]) == ("LICENSE", "apache-2.0")
    assert file["verdict"] in ("exact", "same_wording")
    named = {(each["path"], each["key"]) for each in found["declared"]}
    assert named == {("pyproject.toml", "mit"), ("README.md", "isc"), ("kernel.cu", "bsd-new")}
    assert found["conflicts"]


def test_a_model_files_own_license_is_read(tmp_path: Path) -> None:
    header = json.dumps({"__metadata__": {"license": "cc-by-nc-4.0"}}).encode()
    (tmp_path / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    code, found = document(str(tmp_path / "model.safetensors"))
    assert code == 0
    (declared,) = found["declared"]
    assert (declared["source"], declared["key"]) == ("config", "cc-by-nc-4.0")
