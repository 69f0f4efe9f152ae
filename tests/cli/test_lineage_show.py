# SPDX-License-Identifier: Apache-2.0
"""``steelyard lineage show`` and ``diff`` through the real sandbox."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.corpus.build import safetensors

CARD = """---
license: mit
base_model: org/base
datasets: [imdb]
---
# A model
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "steelyard", "lineage", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def shown(path: Path) -> dict[str, Any]:
    done = run("show", str(path), "--format", "json")
    assert done.stderr == ""
    parsed: dict[str, Any] = json.loads(done.stdout)
    return parsed


def gguf(**pairs: str) -> bytes:
    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    body = b"".join(
        text(key.replace("__", ".")) + struct.pack("<I", 8) + text(value)
        for key, value in pairs.items()
    )
    tensor = text("a.weight") + struct.pack("<IQIQ", 1, 256, 12, 0)
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, len(pairs)) + body + tensor
    return head + b"\0" * (-len(head) % 32) + bytes(144)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "README.md").write_text(CARD, encoding="utf-8")
    (folder / "model.safetensors").write_bytes(safetensors())
    return folder


def test_a_graph_with_quotes_that_lineage_check_can_read(model: Path, tmp_path: Path) -> None:
    document = shown(model)
    assert document["schema"] == "steelyard.lineage-graph/v1"
    assert document["origin"] == "stated"
    final, base, data = document["nodes"]
    assert (final["name"], final["kind"], final["license"]) == ("model", "model", "mit")
    assert final["files"] == ["README.md"]
    assert (base["name"], base["license"]) == ("org/base", "unknown")
    assert data["kind"] == "dataset"
    edge = document["edges"][0]
    assert (edge["from"], edge["to"], edge["relation"]) == ("org/base", "model", "finetune")
    (claim,) = edge["claims"]
    assert (claim["file"], claim["key"], claim["quote"]) == ("README.md", "base_model", "org/base")
    path = tmp_path / "graph.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    checked = run("check", str(path), "--format", "json")
    assert checked.stderr == ""
    assert json.loads(checked.stdout)["finals"] == ["model"]
    assert "org/base" in run("show", str(model)).stdout


def test_a_single_weight_file_speaks_too(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(
        gguf(general__architecture="llama", general__source__repo_url="https://hf.co/org/base")
    )
    document = shown(path)
    assert document["nodes"][0]["kind"] == "quantisation"
    assert [(e["from"], e["relation"]) for e in document["edges"]] == [
        ("org/base", "quantised_from")
    ]


def test_contradictions_and_broken_files_are_no_quiet_success(model: Path) -> None:
    (model / "adapter_config.json").write_text('{"base_model_name_or_path": "other/base"}')
    done = run("show", str(model))
    assert done.returncode == 3
    assert "Loaders put this adapter on other/base" in " ".join(done.stdout.split())
    (model / "adapter_config.json").write_text("{")
    broken = run("show", str(model))
    assert broken.returncode == 3
    assert "adapter_config.json" in broken.stderr
    assert "Traceback" not in broken.stderr


def test_a_diff_of_two_revisions(model: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    old.write_text(run("show", str(model), "--format", "json").stdout, encoding="utf-8")
    same = run("diff", str(old), str(model))
    assert (same.returncode, same.stdout) == (0, "The lineage is the same.\n")
    changed = CARD.replace("org/base", "org/other").replace("mit", "apache-2.0")
    (model / "README.md").write_text(changed, encoding="utf-8")
    done = run("diff", str(old), str(model), "--format", "json")
    assert done.returncode == 3
    assert [(c["what"], c["subject"]) for c in json.loads(done.stdout)["changes"]] == [
        ("license", "model"),
        ("source_removed", "org/base"),
        ("source_added", "org/other"),
    ]
    assert "new source: org/other" in run("diff", str(old), str(model)).stdout


@pytest.mark.parametrize("text", ["{}", "[", '{"schema": "x", "nodes": []}', "\xff"])
def test_what_is_no_graph_is_refused_with_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "g.json"
    path.write_bytes(text.encode("latin-1"))
    done = run("diff", str(path), str(path))
    assert done.returncode == 2
    assert "is no lineage graph" in done.stderr
    assert "Traceback" not in done.stderr
