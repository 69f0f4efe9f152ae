# SPDX-License-Identifier: Apache-2.0
"""Project files, model metadata and README sections: what they state, where it is understood."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.kernel.license import LicenseVerdict
from steelyard.licensing.declarations import read_license_section, read_metadata, read_project
from steelyard.licensing.headers import read_source

APACHE = (Path(__file__).resolve().parents[2] / "LICENSE").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("pyproject.toml", '[project]\nlicense = "MIT"\n', ["mit"]),
        ("pyproject.toml", '[project]\nlicense = {text = "Apache-2.0"}\n', ["apache-2.0"]),
        ("pyproject.toml", '[tool.poetry]\nlicense = "BSD-3-Clause"\n', ["bsd-new"]),
        (
            "pyproject.toml",
            '[project]\nclassifiers = ["License :: OSI Approved :: MIT License"]\n',
            ["mit"],
        ),
        ("pyproject.toml", "[project]\nname = 'x'\n", []),
        ("pyproject.toml", "[project\n", []),
        ("package.json", '{"license": "ISC"}', ["isc"]),
        ("package.json", '{"licenses": [{"type": "MIT"}, {"type": "Apache-2.0"}]}',
         ["mit", "apache-2.0"]),
        ("package.json", '{"license": "SEE LICENSE IN LICENSE.md"}', []),
        ("package.json", "[" * 100_000, []),
        ("setup.cfg", "[metadata]\nname = x\nlicense = MIT\n[options]\nlicense = no\n", ["mit"]),
        ("CITATION.cff", "cff-version: 1.2.0\nlicense: Apache-2.0\n", ["apache-2.0"]),
        ("CITATION.cff", "license:\n  - MIT\n  - Apache-2.0\n", ["mit", "apache-2.0"]),
        ("CITATION.cff", "license: Our-Own-1.0\n", [""]),
    ],
)  # fmt: skip
def test_project_files(name: str, text: str, expected: list[str]) -> None:
    found = read_project(f"a/{name}", text)
    assert [each.key for each in found] == expected
    assert all(each.source == "package" and each.path == f"a/{name}" for each in found)


@pytest.mark.parametrize(
    ("metadata", "raw", "key"),
    [
        ({"general.license": "apache-2.0"}, "apache-2.0", "apache-2.0"),
        ({"general.license": "other", "general.license.name": "qwen"}, "qwen", None),
        ({"license": "mit", "format": "pt"}, "mit", "mit"),
        ({"modelspec.license": "CreativeML Open RAIL-M"}, "CreativeML Open RAIL-M", None),
    ],
)
def test_model_files(metadata: dict[str, str], raw: str, key: str | None) -> None:
    (declared,) = read_metadata("m.gguf", metadata)
    assert (declared.source, declared.raw) == ("config", raw)
    assert key is None or declared.key == key


def test_model_files_that_say_nothing() -> None:
    assert read_metadata("m.gguf", {"general.name": "x", "general.license": 3}) == []
    assert read_metadata("m.safetensors", {"license": "other"}) == []


@pytest.mark.parametrize(
    ("section", "keys"),
    [
        ("MIT", ["mit"]),
        ("[Apache 2.0](LICENSE)", ["apache-2.0"]),
        ("This model is released under the MIT License.", ["mit"]),
        ("The weights are licensed under CC BY-NC 4.0.", ["cc-by-nc-4.0"]),
        ("We thank everybody.", []),
    ],
)
def test_sections_of_a_readme(section: str, keys: list[str]) -> None:
    text = (
        f"# A model\n\nReleased under nothing yet.\n\n## License\n\n{section}\n\n## Citation\n\nx\n"
    )
    declared, file = read_license_section("README.md", text)
    assert [each.key for each in declared] == keys
    assert file is None


def test_only_the_section_counts() -> None:
    text = "# Licensing servers\n\nlicensed under the MIT License\n# Use\nlicensed under the ISC\n"
    declared, _ = read_license_section("README.md", text)
    assert [each.key for each in declared] == ["mit"]


def test_a_text_in_a_section_is_judged_where_it_stands() -> None:
    changed = APACHE.replace("perpetual", "temporary", 1)
    text = f"# A\n\nYou must not feed it.\n\n## License\n\n{changed}\n\n# More\n\nYou must not.\n"
    _, file = read_license_section("README.md", text)
    assert file is not None
    assert file.verdict is LicenseVerdict.VARIANT_OF
    assert file.additional_terms == ()
    (span,) = file.matches[0].changed
    assert text[span.start : span.end] == "temporary"


@pytest.mark.parametrize(
    ("header", "keys"),
    [
        ("# SPDX-License-Identifier: MIT\n# Licensed under the Apache License 2.0\n", ["mit"]),
        ('# Licensed under the Apache License, Version 2.0 (the "License");\n#\n', ["apache-2.0"]),
        (
            (
                "// This program is free software: you can redistribute it and/or modify\n"
                "// it under the terms of the GNU General Public License as published by\n"
                "// the Free Software Foundation, either version 3 of the License, or\n"
                "// (at your option) any later version.\n"
            ),
            ["gpl-3.0"],
        ),
        ("x = 'licensed under the MIT License'\n", []),
    ],
)  # fmt: skip
def test_headers_of_sources(header: str, keys: list[str]) -> None:
    assert [each.key for each in read_source("a.py", f"{header}\nimport os\n")] == keys


def test_a_notice_says_or_later() -> None:
    text = "# under the GNU Lesser General Public License version 2.1, or any later version\n"
    (declared,) = read_source("a.py", text)
    assert declared.spdx == "LGPL-2.1-or-later"


@given(st.sampled_from(["pyproject.toml", "setup.cfg", "package.json", "CITATION.cff"]), st.text())
def test_any_text(name: str, text: str) -> None:
    read_project(name, text)
    read_license_section("README.md", text)
    read_source("a.py", text)


def test_floods_are_bounded() -> None:
    begun = time.process_time()
    read_license_section("README.md", "# License\n" * 200_000)
    read_project("CITATION.cff", "license:\n" * 200_000)
    read_project("package.json", json.dumps({"licenses": ["MIT"] * 100_000}))
    read_source("a.py", "# GNU General Public License " * 100_000)
    assert time.process_time() - begun < 20
