# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from steelyard.kernel.finding import Coverage, FileReport, Verdict
from steelyard.kernel.inspection import InspectionRequest, TreeFile
from steelyard.scanning.rules.keras import is_own_module
from steelyard.scanning.runner import Runner

GOLDEN = Path(__file__).resolve().parents[1] / "artifacts" / "hdf5" / "files"


def scan(path: Path) -> FileReport:
    file = TreeFile(path.name, str(path), path.stat().st_size)
    (report,) = Runner(InspectionRequest(files=(file,))).reports()
    return report


def model(tmp_path: Path, layer: dict[str, Any]) -> FileReport:
    """Return the report about a .keras file with one layer beside an honest one."""
    start = {"module": "keras.initializers", "class_name": "GlorotUniform", "config": {}}
    inside = {"name": "d", "units": 2, "kernel_initializer": start}
    honest = {"module": "keras.layers", "class_name": "Dense", "config": inside}
    config = {"module": "keras", "class_name": "Sequential", "config": {"layers": [honest, layer]}}
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("config.json", json.dumps(config))
        file.writestr("metadata.json", '{"keras_version": "3.15.0"}')
        file.writestr("model.weights.h5", (GOLDEN / "latest.h5").read_bytes())
    return scan(path)


HONEST: list[dict[str, Any]] = [
    {"module": "keras.layers", "class_name": "Conv2D", "config": {"activation": "relu"}},
    {"module": "keras.src.models.functional", "class_name": "Functional", "config": {}},
    {"module": "keras.activations", "class_name": "function", "config": "relu"},
    {"module": "keras_hub.src.models.bert", "class_name": "BertBackbone", "config": {}},
    {"module": "tensorflow.python.keras.layers", "class_name": "Dense", "config": {}},
    {"class_name": "TFOpLambda", "config": {"function": "math.multiply"}},
    {"class_name": "SlicingOpLambda", "config": {"function": "__operators__.getitem"}},
    {"class_name": "SlicingOpLambda", "config": {"function": "slice"}},
    {"module": "keras.layers", "class_name": "StringLookup", "config": {"vocabulary": ["a", "b"]}},
    {"module": None, "class_name": "Mine", "registered_name": "my_package>Mine", "config": {}},
]


@pytest.mark.parametrize("layer", HONEST, ids=lambda layer: str(layer["class_name"]))
def test_honest_layers_are_clean(tmp_path: Path, layer: dict[str, Any]) -> None:
    report = model(tmp_path, layer)
    assert (report.verdict, report.coverage) == (Verdict.CLEAN, Coverage.FULL), report.findings


HOSTILE: list[tuple[str, dict[str, Any]]] = [
    ("keras.lambda", {"class_name": "Lambda", "config": {"function": ["4wAA", None, None]}}),
    ("keras.lambda", {"class_name": "Dense", "config": {"activation": {
        "class_name": "__lambda__", "config": {"value": "4wAA"}}}}),
    ("keras.foreign-module", {"module": "os", "class_name": "function", "config": "system",
                              "registered_name": "system"}),
    ("keras.foreign-module", {"module": "builtins", "class_name": "function", "config": "eval",
                              "registered_name": "function"}),
    ("keras.foreign-module", {"module": "keras.utils", "class_name": "function",
                              "config": "get_file", "registered_name": "get_file"}),
    ("keras.foreign-module", {"module": "keras.src.saving", "class_name": "function",
                              "config": "load_model", "registered_name": "load_model"}),
    ("keras.foreign-module", {"module": "tensorflow.io", "class_name": "function",
                              "config": "read_file", "registered_name": "read_file"}),
    ("keras.operation", {"class_name": "TFOpLambda", "config": {"function": "io.write_file"}}),
    ("keras.operation", {"class_name": "TFOpLambda", "config": {"function": "numpy_function"}}),
    ("keras.loading-layer", {"module": "keras.layers", "class_name": "TorchModuleWrapper",
                             "config": {"module": "gAR9"}}),
    ("keras.loading-layer", {"module": "keras.layers", "class_name": "TFSMLayer",
                             "config": {"filepath": "saved"}}),
    ("keras.file", {"module": "keras.layers", "class_name": "StringLookup",
                    "config": {"vocabulary": "/etc/passwd"}}),
    ("keras.file", {"module": "keras.layers", "class_name": "TextVectorization",
                    "config": {"vocabulary": "../../secret.txt"}}),
    ("keras.file", {"module": "keras_hub.tokenizers", "class_name": "SentencePieceTokenizer",
                    "config": {"proto": "https://host.example/x"}}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "layer"), HOSTILE, ids=lambda value: str(value)[:60])
def test_hostile_layers_are_malicious(tmp_path: Path, rule: str, layer: dict[str, Any]) -> None:
    report = model(tmp_path, layer)
    assert report.verdict is Verdict.MALICIOUS
    assert rule in {finding.rule for finding in report.findings}


def test_a_library_beside_keras_is_a_reason_to_look(tmp_path: Path) -> None:
    layer = {"module": "some_library.layers", "class_name": "Thing", "config": {}}
    assert model(tmp_path, layer).verdict is Verdict.SUSPICIOUS


def test_modules_are_matched_by_their_parts() -> None:
    assert is_own_module("keras.layers")
    assert is_own_module("keras.src.layers.core.dense")
    assert not is_own_module("keras_evil.layers")
    assert not is_own_module("keras.utils.file_utils")
    assert not is_own_module("tensorflow.compat.v1")


def test_honest_hdf5_is_clean_and_weighed() -> None:
    report = scan(GOLDEN / "keras-old.h5")
    assert (report.verdict, report.format, report.coverage) == ("clean", "hdf5", "full")
    assert (report.traits.tensors, report.traits.parameters) == (2, 8)


def test_references_outside_are_malicious() -> None:
    report = scan(GOLDEN / "outside.h5")
    assert report.verdict is Verdict.MALICIOUS
    places = [f.evidence for f in report.findings if f.rule == "hdf5.external-file"]
    assert sorted(places) == ["../../../etc/hostname", "/etc/hostname", "/etc/passwd", "other.h5"]


def test_a_lambda_in_an_attribute_is_found(tmp_path: Path) -> None:
    data = (GOLDEN / "keras-old.h5").read_bytes()
    # One letter more in the class name, one blank less before it: the length stays.
    changed = data.replace(b'"class_name": "Dense"', b'"class_name":"Lambda"', 1)
    assert changed != data
    path = tmp_path / "model.h5"
    path.write_bytes(changed)
    report = scan(path)
    assert "keras.lambda" in {finding.rule for finding in report.findings}


def test_a_pickled_attribute_is_examined(tmp_path: Path) -> None:
    """Tables keep pickled attributes, which opening the table unpickles."""
    data = (GOLDEN / "keras-old.h5").read_bytes()
    at = data.index(b'{"class_name"')
    length = data[at:].index(b"}]}}") + 4
    hidden = b"cos\nsystem\n(S'true'\ntR."
    path = tmp_path / "table.h5"
    left = length - len(hidden)
    filler = b"N0" * (left // 2) if left % 2 == 0 else b"K\x010" + b"N0" * (left // 2 - 1)
    path.write_bytes(data[:at] + filler + hidden + data[at + length :])
    report = scan(path)
    assert "pickle.dangerous-call" in {finding.rule for finding in report.findings}
    assert "attribute model_config" in " ".join(finding.location for finding in report.findings)
