# SPDX-License-Identifier: Apache-2.0
"""TensorFlow graphs: operations that reach past the graph are told, honest savers stay clean."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.wire import attribute, constant, field, function, graph, node, saved_model

from steelyard.artifacts.source import BytesSource
from steelyard.artifacts.tensorflow import read_graph
from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.finding import Coverage, FileReport, Severity, Verdict
from steelyard.kernel.inspection import InspectionRequest, TreeFile
from steelyard.kernel.limits import DEFAULT_LIMITS as LIMITS
from steelyard.scanning.rules.tensorflow import wanted
from steelyard.scanning.rules.tensorflow_ops import judged_ops, known_ops, path_severity
from steelyard.scanning.runner import Runner

SAVER = field(3, field(1, "saver_filename:0"))
PREFIX = node("saver_filename", "Placeholder")
RESTORE = function(
    "restore", [node("RestoreV2", "RestoreV2", ["file_prefix", "names", "slices"])], ["file_prefix"]
)
SAVE = function(
    "save",
    [
        constant("part", "_temp/part"),
        node("StringJoin", "StringJoin", ["file_prefix", "part:output:0"]),
        node("ShardedFilename", "ShardedFilename", ["StringJoin:output:0", "shard", "shards"]),
        node("SaveV2", "SaveV2", ["ShardedFilename:filename:0", "names", "slices"]),
        node("MergeV2Checkpoints", "MergeV2Checkpoints", ["list", "file_prefix"]),
    ],
    ["file_prefix"],
)


def examine(folder: Path, data: bytes, name: str = "saved_model.pb") -> FileReport:
    path = folder / name
    path.write_bytes(data)
    (report,) = Runner(InspectionRequest(files=(TreeFile(name, str(path), len(data)),))).reports()
    return report


def call(name: str, target: str, inputs: list[str]) -> bytes:
    value = attribute("f", field(10, field(1, target)))
    return node(name, "StatefulPartitionedCall", inputs, value)


def strings(key: str, *values: str) -> bytes:
    return attribute(key, field(1, b"".join(field(2, value) for value in values)))


def test_a_model_as_keras_exports_it_is_clean(tmp_path: Path) -> None:
    nodes = [
        PREFIX,
        node("v", "VarHandleOp"),
        node("x", "Placeholder"),
        call("serve", "forward", ["x", "v"]),
        call("saved", "save", ["saver_filename", "v"]),
        call("restored", "restore", ["saver_filename"]),
        constant("asset", "/home/author/vocab.txt"),
        node("init", "InitializeTableFromTextFileV2", ["table", "asset"]),
        node("print", "PrintV2", ["x"], attribute("output_stream", field(2, "stderr"))),
    ]
    asset = field(6, field(1, field(1, "asset:0")) + field(2, "vocab.txt"))
    forward = function("forward", [node("m", "MatMul", ["x", "w"])], ["x"])
    report = examine(tmp_path, saved_model(nodes, [SAVE, RESTORE, forward], SAVER + asset))
    assert (report.format, report.verdict, report.findings) == ("saved-model", Verdict.CLEAN, ())


@pytest.mark.parametrize(
    ("nodes", "rule"),
    [
        ([node("a", "PyFunc", [], attribute("token", field(2, "pyfunc_0")))], "code"),
        ([node("a", "ReadFile", ["x"])], "file-access"),
        ([node("a", "DebugIdentity", ["x"], strings("debug_urls", "grpc://host:1"))], "debug"),
        ([node("a", "RpcClient", ["x"])], "network"),
        ([constant("p", "/etc/passwd"), node("a", "TextLineDataset", ["p"])], "file-access"),
        ([constant("p", "/tmp/out"), node("a", "SaveV2", ["p"])], "saver"),
        ([constant("p", "../../.ssh/id_rsa"), node("a", "TFRecordDataset", ["p"])], "file-access"),
        (
            [constant("p", "/proc/self/environ"), node("i", "Identity", ["p:0"]),
             node("a", "InitializeTableFromTextFileV2", ["t", "i"])],
            "table-file",
        ),
        ([node("a", "PrintV2", ["x"], attribute("output_stream", field(2, "file:///x")))],
         "file-access"),
        ([node("a", "ShellExecute")], "unknown-operation"),
        ([node("a", "XlaCallModule", [], attribute("module", field(2, "xla_python_cpu_callback")))],
         "code"),
        ([node("a", "XlaCallModule", [],
               attribute("module", field(2, b"\0" * 2_000_000 + b"xla_ffi_python_cpu_callback")))],
         "code"),
    ],
)  # fmt: skip
def test_operations_that_reach_past_the_graph(
    tmp_path: Path, nodes: list[bytes], rule: str
) -> None:
    inner = function("inner", nodes)
    meta = field(1, field(4, "t")) + field(2, graph(nodes))
    for data, name in (
        (saved_model(nodes), "saved_model.pb"),
        (saved_model([node("x", "Const")], [inner]), "in_function.pb"),
        (graph(nodes), "frozen.pb"),
        (graph([node("x", "NoOp")], [inner]), "frozen_function.pb"),
        (meta, "model.meta"),
    ):
        report = examine(tmp_path, data, name)
        found = {item.rule: item.severity for item in report.findings}
        assert found.get(f"tensorflow.{rule}") is Severity.CRITICAL, name
        assert report.verdict is Verdict.MALICIOUS


@pytest.mark.parametrize(
    ("nodes", "severity"),
    [
        ([node("a", "RestoreV2")], Severity.MEDIUM),
        ([constant("p", "/home/me/bert.ckpt"), node("a", "RestoreV2", ["p"])], Severity.MEDIUM),
        ([node("a", "InHouseOp")], Severity.HIGH),
        ([node("a", "TFRecordDataset", ["x"])], Severity.HIGH),
        ([node("a", "TFText>FastWordpieceTokenizeWithOffsets")], Severity.LOW),
    ],
)
def test_operations_a_person_looks_at(
    tmp_path: Path, nodes: list[bytes], severity: Severity
) -> None:
    report = examine(tmp_path, saved_model(nodes))
    assert [item.severity for item in report.findings] == [severity]


def test_a_path_is_followed_through_calls_and_data_sets(tmp_path: Path) -> None:
    reader = function("read", [node("d", "TextLineDataset", ["name"])], ["name"])
    value = attribute("f", field(10, field(1, "read")))
    nodes = [
        constant("p", "/etc/shadow"),
        node("s", "TensorSliceDataset", ["p"]),
        node("m", "FlatMapDataset", ["s"], value),
    ]
    report = examine(tmp_path, saved_model(nodes, [reader]))
    assert [(item.severity, item.evidence) for item in report.findings] == [
        (Severity.CRITICAL, "TextLineDataset /etc/shadow")
    ]


def test_an_asset_outside_the_folder(tmp_path: Path) -> None:
    asset = field(6, field(1, field(1, "a:0")) + field(2, "../../etc/passwd"))
    report = examine(tmp_path, saved_model([node("a", "Const")], more=asset))
    assert [item.rule for item in report.findings] == ["tensorflow.asset-path"]


def test_keras_metadata_inside_the_graph_is_examined(tmp_path: Path) -> None:
    layer = {"class_name": "Lambda", "config": {"name": "l", "function": ["4wEAAAA=", None, None],
             "function_type": "lambda", "module": "builtins"}}  # fmt: skip
    user = field(4, field(1, "_tf_keras_layer") + field(3, json.dumps(layer)))
    report = examine(tmp_path, saved_model([node("a", "Const")], more=field(7, field(1, user))))
    assert report.verdict is Verdict.MALICIOUS
    traced = function("__inference_lambda_1_layer_call_fn_12", [node("a", "NoOp")])
    report = examine(tmp_path, saved_model([node("a", "Const")], [traced]))
    assert {item.rule for item in report.findings} == {"tensorflow.keras-lambda"}


def test_the_text_form_is_read(tmp_path: Path) -> None:
    honest = 'node {\n name: "a"\n op: "Const" # a comment with op: "PyFunc"\n}\n'
    assert examine(tmp_path, honest.encode(), "g.pbtxt").verdict is Verdict.CLEAN
    hidden = honest + "node { name: 'b' op: 'Read' \"\\106ile\" input: 'a' }"
    report = examine(tmp_path, hidden.encode(), "saved_model.pbtxt")
    assert {item.rule for item in report.findings} == {"tensorflow.file-access"}
    stream = 'attr { key: "output_stream" value { s: "file:///tmp/x" } }'
    report = examine(tmp_path, f'node {{ name: "p" op: "PrintV2" {stream} }}'.encode(), "g.pbtxt")
    assert report.verdict is Verdict.MALICIOUS
    broken = examine(tmp_path, b'node { op: "Const" } }', "g.pbtxt")
    assert broken.coverage is Coverage.PARTIAL


def table(entries: list[tuple[bytes, bytes]]) -> bytes:
    """Return a sorted string table of one block, as LevelDB defines it."""

    def block(items: list[tuple[bytes, bytes]]) -> bytes:
        body = b"".join(bytes([0, len(key), len(value)]) + key + value for key, value in items)
        return body + bytes(4) + b"\1\0\0\0"

    data = block(entries)
    index = block([(b"z", bytes([0, len(data)]))])
    out = data + bytes(5)
    places = bytes([0, 0, len(out), len(index)])
    return out + index + bytes(5) + places.ljust(40, b"\0") + bytes.fromhex("57fb808b247547db")


def entry(size: int, offset: int = 0, shard: int = 0) -> bytes:
    shape = field(2, field(2, field(1, 2)))
    return field(1, 1) + shape + field(3, shard) + field(4, offset) + field(5, size)


def test_checkpoints_are_read(tmp_path: Path) -> None:
    head = (b"", field(1, 1))
    report = examine(tmp_path, table([head, (b"w", entry(8))]), "variables.index")
    assert (report.format, report.verdict) == ("tf-checkpoint-index", Verdict.CLEAN)
    assert report.traits.tensors == 1
    for wrong in (entry(9), entry(8, shard=3)):
        report = examine(tmp_path, table([head, (b"w", wrong)]), "variables.index")
        assert [item.rule for item in report.findings] == ["tensorflow.checkpoint"]
    both = table([head, (b"a", entry(8)), (b"b", entry(8, 4))])
    assert examine(tmp_path, both, "x.index").verdict is Verdict.SUSPICIOUS
    shard = examine(tmp_path, b"\x78\x9c" + bytes(range(256)), "variables.data-00000-of-00001")
    assert (shard.format, shard.verdict) == ("tf-checkpoint-data", Verdict.CLEAN)
    hidden = examine(tmp_path, b"\x80\x04cos\nsystem\n(S'x'\ntR.", "w.data-00000-of-00001")
    assert hidden.verdict is Verdict.MALICIOUS


def test_the_lists_fit_together() -> None:
    assert len(known_ops()) > 1500
    assert {"MatMul", "Conv2D", "ReadFile"} <= known_ops()
    assert {"ReadFile", "PyFunc", "SaveV2"} <= set(judged_ops())
    assert path_severity("vocab.txt") is Severity.LOW
    assert path_severity("gs://bucket/x") is Severity.HIGH
    assert path_severity("http://host/x") is Severity.CRITICAL
    assert path_severity("") is None


def test_a_large_graph_is_read_in_time(tmp_path: Path) -> None:
    chain = [node(f"n{i}", "Identity", [f"n{i - 1}"]) for i in range(1, 20_000)]
    ends = [node(f"r{i}", "RestoreV2", ["n19999"]) for i in range(5_000)]
    start = time.process_time()
    report = examine(tmp_path, saved_model([*chain, *ends]))
    assert time.process_time() - start < 30
    assert report.coverage is Coverage.PARTIAL  # no honest path is that long


@settings(max_examples=150, deadline=2000)
@given(st.data())
def test_mutated_graphs_raise_nothing_else(data: st.DataObject) -> None:
    raw = bytearray(saved_model([PREFIX, constant("p", "x")], [SAVE, RESTORE], SAVER))
    for _ in range(data.draw(st.integers(1, 5))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(raw[: data.draw(st.integers(0, len(raw)))])
    for kind in ("saved-model", "meta-graph", "graph"):
        try:
            read_graph(BytesSource(cut), kind, LIMITS, wanted)
        except ArtifactError:
            continue
