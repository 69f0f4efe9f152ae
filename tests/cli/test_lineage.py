# SPDX-License-Identifier: Apache-2.0
"""``steelyard lineage check``: exit codes, JSON, text, and graphs that cannot be read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

GRAPH = """\
nodes:
  - {name: meta/Llama-3.1-8B, kind: model, license: llama3.1}
  - {name: acme/lora, kind: adapter, license: mit, files: [LICENSE], website_display: []}
edges:
  - {from: meta/Llama-3.1-8B, to: acme/lora, relation: adapter_of}
use_case: {commercial: true, hosted: true, establishment: US, redistribute: REDISTRIBUTE,
  outputs_train_models: false, monthly_users: 1000}
"""


def run(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "steelyard", "lineage", "check", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, input=text)


def write(folder: Path, text: str, name: str = "graph.yaml") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_prohibited_leaves_with_one_and_names_clause_and_path(tmp_path: Path) -> None:
    done = run(write(tmp_path, GRAPH.replace("REDISTRIBUTE", "true")), "--format", "json")
    document = json.loads(done.stdout)
    assert done.returncode == 1 and done.stderr == ""
    assert document["schema"] == "steelyard.lineage/v1"
    assert document["result"] == "prohibited"
    first = document["reasons"][0]
    assert {"result", "node", "via", "license", "clause", "document", "quote"} <= set(first)
    assert first["via"] == ["meta/Llama-3.1-8B", "acme/lora"]
    assert first["license"] == "llama-3.1-license-2024"
    assert {duty["clause"].split()[0] for duty in document["duties"]} >= {"display", "name-prefix"}


def test_a_missing_duty_leaves_with_three_and_says_what_to_do(tmp_path: Path) -> None:
    done = run(write(tmp_path, GRAPH.replace("REDISTRIBUTE", "false")))
    assert done.returncode == 3
    assert "DUTY MISSING" in done.stdout and "Built with Llama" in done.stdout
    assert "meta/Llama-3.1-8B --adapter_of-> acme/lora" in done.stdout
    assert "Checklist" in done.stdout


def test_yaml_and_json_give_the_same_answer(tmp_path: Path) -> None:
    graph = {
        "nodes": [{"name": "m", "kind": "model", "license": "cc-by-nc-4.0"}],
        "use_case": {"commercial": False, "hosted": False, "redistribute": False},
    }
    as_json = run(write(tmp_path, json.dumps(graph), "g.json"), "--format", "json")
    as_yaml = run("-", "--format", "json", text=(
        "nodes: [{name: m, kind: model, license: cc-by-nc-4.0}]\n"
        "use_case: {commercial: false, hosted: false, redistribute: false}\n"))  # fmt: skip
    assert as_json.returncode == as_yaml.returncode == 0
    assert as_json.stdout == as_yaml.stdout
    assert json.loads(as_json.stdout)["result"] == "ok"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nodes: [{name: a, kind: modle, license: mit}]\n", "Did you mean 'model'?"),
        ("nodes: [{name: a, kind: model, licence: mit}]\n", "Did you mean 'license'?"),
        ("nodes: [{name: a, kind: model}]\nuse_case: {comercial: true}\n", "'commercial'"),
        ("nodes:\n\t- a\n", "YAML"),
        ("a: &a [x]\nb: [*a, *a]\n", "Aliases are not read here"),
        ("nodes: [{name: a, kind: model}]\nedges: [{from: a, to: a, relation: finetune}]\n",
         "made from itself"),
        ('{"nodes": [{"name": "a", "kind": "modle"}]}', "$.nodes[0].kind"),
        ('{"nodes": [{"name": "a", "kind": "model"}], "nodes": []}', "'nodes' twice"),
        ('{"nodes": [}', "graph.yaml:1:12"),
        ("[" * 100_000, "nest"),
        ('{"nodes":' * 50_000, "nests too deeply"),
        ("", "empty"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    done = run(write(tmp_path, text))
    assert done.returncode == 2, done.stdout
    assert said in done.stderr and "Traceback" not in done.stderr


def test_an_unknown_field_is_named_and_left_out(tmp_path: Path) -> None:
    done = run(
        write(
            tmp_path,
            "nodes: [{name: a, kind: model, license: mit, xyz: 1}]\n"
            "use_case: {commercial: true, hosted: false, redistribute: false}\n",
        )
    )
    assert done.returncode == 0
    assert "There is no field 'xyz'" in done.stderr


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    done = run(str(tmp_path / "none.yaml"))
    assert done.returncode == 2 and "cannot be read" in done.stderr
