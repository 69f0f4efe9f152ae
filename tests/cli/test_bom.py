# SPDX-License-Identifier: Apache-2.0
"""``steelyard bom`` through the real sandbox, in every standard."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_python_model import load_data

CARD = """\
---
license: apache-2.0
base_model: acme/base
base_model_relation: finetune
datasets: [acme/talks]
---
# A model
"""
CODE = "class Net:\n    pass\n"
METADATA = "Metadata-Version: 2.4\nName: acme-tools\nVersion: 1.0\nLicense-Expression: MIT\n"
GRAPH = """\
nodes:
  - {name: acme/tiny, kind: model, role: final}
  - {name: acme/base, kind: model, license: llama3.1}
  - {name: acme/older, kind: model, license: mit}
edges:
  - {from: acme/base, to: acme/tiny, relation: finetune}
  - {from: acme/older, to: acme/base, relation: merge_of}
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "steelyard", "bom", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    tree = tmp_path / "tiny"
    (tree / "tools-1.0.dist-info").mkdir(parents=True)
    (tree / "README.md").write_text(CARD, encoding="utf-8")
    (tree / "modeling_net.py").write_text(CODE, encoding="utf-8")
    (tree / "tokenizer.json").write_text("{}", encoding="utf-8")
    (tree / "tools-1.0.dist-info" / "METADATA").write_text(METADATA, encoding="utf-8")
    return tree


@pytest.mark.parametrize("version", ["1.6", "1.7"])
def test_cyclonedx_of_a_tree(model: Path, version: str) -> None:
    done = run(str(model), "--spec", f"cyclonedx-{version}")
    assert (done.returncode, done.stderr) == (0, "")
    validator = JsonStrictValidator(SchemaVersion[f"V{version.replace('.', '_')}"])
    assert validator.validate_str(done.stdout) is None
    document: dict[str, Any] = json.loads(done.stdout)
    assert document["specVersion"] == version
    own = document["metadata"]["component"]
    digests = {item["name"]: item["hashes"][0]["content"] for item in own["components"]}
    assert digests == {
        str(path.relative_to(model)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in model.rglob("*")
        if path.is_file()
    }
    assert {item["bom-ref"] for item in document["components"]} == {
        "base:acme/base",
        "dataset:acme/talks",
        "package:tools-1.0.dist-info/METADATA",
        "shipped:code",
        "tokenizer:",
    }


def test_the_standard_of_a_call_without_one_stays(model: Path) -> None:
    assert json.loads(run(str(model)).stdout)["specVersion"] == "1.6"


def test_spdx_of_a_tree_with_a_drawn_lineage(model: Path, tmp_path: Path) -> None:
    graph = tmp_path / "graph.yaml"
    graph.write_text(GRAPH, encoding="utf-8")
    target = tmp_path / "bom.spdx.json"
    done = run(
        str(model), "--spec", "spdx-3.0.1", "--purl", "pkg:huggingface/acme/tiny",
        "--lineage", str(graph), "--output", str(target),
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Wrote {target}: pkg:huggingface/acme/tiny, 4 files")
    model_of, objects = load_data(json.loads(target.read_text(encoding="utf-8")))
    assert objects.link() == set()
    names = {found.name for found in objects.foreach_type(model_of.ai_AIPackage)}
    assert names == {"acme/tiny", "acme/base", "acme/older"}


def test_a_lineage_that_is_none_is_refused(model: Path, tmp_path: Path) -> None:
    graph = tmp_path / "graph.yaml"
    graph.write_text(GRAPH.replace("from: acme/base", "from: acme/bose"), encoding="utf-8")
    done = run(str(model), "--lineage", str(graph))
    assert done.returncode == 2
    assert "acme/bose" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_coverage_is_a_table_or_json_and_the_document_still_goes_to_its_file(
    model: Path, tmp_path: Path
) -> None:
    target = tmp_path / "bom.json"
    shown = run(str(model), "--coverage", "--output", str(target))
    assert shown.returncode == 0
    assert "4 Dataset Properties" in shown.stdout
    assert json.loads(target.read_text(encoding="utf-8"))["bomFormat"] == "CycloneDX"
    found = json.loads(run(str(model), "--coverage", "--format", "json").stdout)
    assert found["schema"] == "steelyard.bom-coverage/v1"
    content = {item["id"]: item["content"] for item in found["clusters"]}
    assert content["G7-SBOM-AI:4"] is True
    assert content["G7-SBOM-AI:5"] is False
