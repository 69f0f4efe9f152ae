# SPDX-License-Identifier: Apache-2.0
"""Statements in files: tags are read as written, prose only where it is understood."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.licensing.headers import read_statements, read_tags


@pytest.mark.parametrize(
    ("line", "raw", "key"),
    [
        ("# SPDX-License-Identifier: Apache-2.0", "Apache-2.0", "apache-2.0"),
        ("/* SPDX-License-Identifier: MIT */", "MIT", "mit"),
        ("<!-- SPDX-License-Identifier: GPL-3.0-or-later -->", "GPL-3.0-or-later", "gpl-3.0"),
        ("// SPDX-License-Identifier: MIT OR Apache-2.0", "MIT OR Apache-2.0", ""),
        ("# SPDX-License-Identifier: LicenseRef-ours", "LicenseRef-ours", ""),
    ],
)
def test_tags(line: str, raw: str, key: str) -> None:
    (declared,) = read_tags("a.py", f"{line}\nx = 1\n")
    assert (declared.source, declared.path, declared.raw, declared.key) == (
        "header",
        "a.py",
        raw,
        key,
    )


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("The model is distributed under the CC-BY-SA-3.0 license.", {"cc-by-sa-3.0"}),
        ("Weights: creativecommons.org/licenses/by-nc-sa/4.0/", {"cc-by-nc-sa-4.0"}),
        ("Licensed under the Apache License, Version 2.0 (the License)", {"apache-2.0"}),
        (
            "released under the MIT License and available under CC BY-NC 4.0",
            {"mit", "cc-by-nc-4.0"},
        ),
        ("licensed under whatever we like", set()),
        ("licensed under the MIT License with restrictions", {"mit"}),
    ],
)
def test_statements(text: str, keys: set[str]) -> None:
    assert {each.key for each in read_statements("NOTICE", text)} == keys


@given(st.text(max_size=500))
def test_any_text(text: str) -> None:
    assert all(each.raw for each in read_statements("NOTICE", text))


def test_a_flood_of_statements_is_bounded() -> None:
    begun = time.process_time()
    read_statements("NOTICE", "licensed under the " * 50_000)
    assert time.process_time() - begun < 20
