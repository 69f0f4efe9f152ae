# SPDX-License-Identifier: Apache-2.0
"""Stories go through the doors: real commands, real sandbox, real keys, in a home of their own."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CARD = """---
license: apache-2.0
language: en
pipeline_tag: sentence-similarity
library_name: sentence-transformers
datasets: [s2orc, ms_marco]
---
# A small sentence encoder

## Intended uses
Sentences and short paragraphs are mapped to vectors, for search and clustering of English text.

## Training data
Pairs of sentences from public collections of papers, questions and answers.

## Limitations
Text longer than 256 word pieces is cut. The model reflects the biases of its training data.

## Evaluation
Measured on public retrieval benchmarks.
"""
METADATA = """Metadata-Version: 2.1
Name: small-encoder
Version: 1.0
License: MIT
"""
MIT = """MIT License

Copyright (c) 2026 Somebody

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""


@dataclass(frozen=True)
class Ran:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Run ``steelyard`` in a fresh home."""
    home = tmp_path / "home"
    home.mkdir()
    env = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("STEELYARD_", "XDG_")) and key != "HOME"
    }

    def call(*arguments: str | Path, **more: str) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "steelyard", *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=env | {"HOME": str(home), "COLUMNS": "100"} | more,
            timeout=120,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert "internal error" not in done.stderr, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    yield call


def safetensors(rows: int = 16) -> bytes:
    """Return a safetensors file with one tensor of ``rows`` by 4 floats."""
    size = rows * 4 * 4
    header = json.dumps(
        {"weight": {"dtype": "F32", "shape": [rows, 4], "data_offsets": [0, size]}}
    ).encode()
    return struct.pack("<Q", len(header)) + header + bytes(size)


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    """A clean model repository: safetensors, a full card, a license text, package metadata."""
    folder = tmp_path / "encoder"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(safetensors())
    (folder / "README.md").write_text(CARD)
    (folder / "LICENSE").write_text(MIT)
    (folder / "METADATA").write_text(METADATA)
    (folder / "config.json").write_text(
        '{"model_type": "bert", "architectures": ["BertModel"], "hidden_size": 4}'
    )
    return folder


@pytest.fixture
def classifier(tmp_path: Path) -> Path:
    """A joblib model, written by the real library: a pickle with raw arrays in it."""
    import joblib
    import numpy as np

    folder = tmp_path / "classifier"
    folder.mkdir()
    joblib.dump({"weights": np.arange(64.0), "classes": np.array([0, 1])}, folder / "model.joblib")
    (folder / "LICENSE").write_text(MIT)
    (folder / "README.md").write_text(CARD.replace("apache-2.0", "mit"))
    return folder


def use_case(name: str) -> Path:
    """Return an example use case of the repository."""
    return ROOT / "examples" / "use-cases" / f"{name}.yaml"
