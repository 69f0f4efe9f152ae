# SPDX-License-Identifier: Apache-2.0
"""TensorFlow Lite, ONNX, Core ML, PaddlePaddle, OpenVINO, PMML and safetensors as examined."""

from __future__ import annotations

import io
import json
import struct
import time
import zipfile
from pathlib import Path
from typing import Any

import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from tests.wire import Table, field, flatbuffer

from steelyard.artifacts.coreml import read_blobs, read_coreml
from steelyard.artifacts.ort import read_ort
from steelyard.artifacts.paddle import read_parameters, read_program
from steelyard.artifacts.source import BytesSource
from steelyard.artifacts.tensorflow_checkpoints import read_checkpoint_index
from steelyard.artifacts.tflite import read_tflite
from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.finding import Coverage, FileReport, Severity, Verdict
from steelyard.kernel.inspection import InspectionRequest, TreeFile
from steelyard.kernel.limits import DEFAULT_LIMITS as LIMITS
from steelyard.scanning.runner import Runner


def examine(folder: Path, data: bytes, name: str) -> FileReport:
    path = folder / name
    path.write_bytes(data)
    (report,) = Runner(InspectionRequest(files=(TreeFile(name, str(path), len(data)),))).reports()
    return report


def found(report: FileReport) -> dict[str, Severity]:
    return {item.rule: item.severity for item in report.findings}


def tflite(custom: str = "", more: dict[int, Any] | None = None, **changes: Any) -> bytes:
    code = Table({0: (32, 1), 1: custom, 3: (32, 4)}) if custom else Table({0: (0, 1)})
    tensor = Table({0: [2, 2], 1: (0, 1), 2: (changes.get("buffer", 1), 4), 3: "w"})
    operator = Table({0: (changes.get("code", 0), 4), 1: changes.get("inputs", [0, -1]), 2: [0]})
    graph = Table({0: [tensor], 1: [0], 2: [0], 3: [operator]})
    data = changes.get("data", Table({0: b"\0" * 16}))
    model: dict[int, Any] = {0: (3, 4), 1: [code], 2: [graph], 4: [Table(), data]}
    return flatbuffer(Table(model | (more or {})), b"TFL3")


def test_a_tflite_model_is_read(tmp_path: Path) -> None:
    report = examine(tmp_path, tflite(), "m.tflite")
    assert (report.format, report.verdict, report.findings) == ("tflite", Verdict.CLEAN, ())
    assert (report.traits.tensors, report.traits.parameters) == (1, 4)
    out = io.BytesIO(tflite())
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("labels.txt", "cat\ndog\n")
    assert examine(tmp_path, out.getvalue(), "m.tflite").verdict is Verdict.CLEAN
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("../x.pkl", b"cos\nsystem\n(S'true'\ntR.")
    packed = examine(tmp_path, out.getvalue(), "m.tflite")
    assert {"archive.traversal", "pickle.dangerous-call"} <= set(found(packed))


@pytest.mark.parametrize(
    ("data", "rule", "severity"),
    [
        (tflite("FlexReadFile"), "tensorflow.file-access", Severity.CRITICAL),
        (tflite("FlexPyFunc"), "tensorflow.code", Severity.CRITICAL),
        (tflite("FlexErf"), "tflite.flex", Severity.INFO),
        (tflite("FlexInHouse"), "tflite.custom-operator", Severity.MEDIUM),
        (tflite("TFLite_Detection_PostProcess"), "tflite.published-operator", Severity.INFO),
        (tflite("InHouse"), "tflite.custom-operator", Severity.MEDIUM),
        (tflite("RunShell"), "tflite.custom-operator", Severity.HIGH),
        (tflite(code=7), "tflite.out-of-bounds", Severity.CRITICAL),
        (tflite(inputs=[500]), "tflite.out-of-bounds", Severity.CRITICAL),
        (tflite(buffer=9), "tflite.out-of-bounds", Severity.CRITICAL),
        (tflite(data=Table({1: (2**40, 8), 2: (16, 8)})), "tflite.out-of-bounds",
         Severity.CRITICAL),
        (tflite(more={8: [Table({0: "/etc/passwd"})]}), "tflite.external-path", Severity.CRITICAL),
    ],
)  # fmt: skip
def test_what_a_tflite_model_may_ask_for(
    tmp_path: Path, data: bytes, rule: str, severity: Severity
) -> None:
    assert found(examine(tmp_path, data, "m.tflite"))[rule] is severity


def test_an_onnx_runtime_model_is_read(tmp_path: Path) -> None:
    def model(domain: str, operator: str) -> bytes:
        inner = Table({2: [Table({2: domain, 5: operator, 10: [Table({0: "f", 5: "os.x"})]})]})
        outer = Table({2: [Table({2: "", 5: "If", 10: [Table({0: "then", 7: inner})]})]})
        root = Table(
            {0: "5", 1: Table({0: (8, 8), 2: "me", 7: outer, 9: [Table({0: "a", 1: "b"})]})}
        )
        return flatbuffer(root, b"ORTM")

    assert examine(tmp_path, model("", "Add"), "m.ort").verdict is Verdict.CLEAN
    report = examine(tmp_path, model("ai.onnx.contrib", "PyOp"), "m.ort")
    assert found(report) == {"onnx.python-operator": Severity.CRITICAL}
    assert "os.x" in report.findings[0].evidence


def onnx_file(*nodes: onnx.NodeProto, **more: Any) -> bytes:
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])]
    graph = helper.make_graph(list(nodes), "g", inputs, [], initializer=more.get("tensors", ()))
    model = helper.make_model(graph, producer_name="t", functions=more.get("functions", ()))
    for key, value in more.get("metadata", {}).items():
        model.metadata_props.add(key=key, value=value)
    raw: bytes = model.SerializeToString()
    return raw


def external(**places: str) -> onnx.TensorProto:
    tensor = helper.make_tensor("w", TensorProto.FLOAT, [0], [])
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in places.items():
        tensor.external_data.add(key=key, value=value)
    return tensor


def test_what_an_onnx_model_may_ask_for(tmp_path: Path) -> None:
    add = helper.make_node("Add", ["x", "x"], ["y"])
    local = helper.make_function("mine", "F", ["a"], ["b"], [helper.make_node("Neg", ["a"], ["b"])],
                                 [helper.make_opsetid("", 20)])  # fmt: skip
    honest = onnx_file(
        add, helper.make_node("F", ["x"], ["z"], domain="mine"),
        helper.make_node("FusedConv", ["x"], ["q"], domain="com.microsoft"), functions=[local],
        tensors=[external(location="w.bin", offset="0", length="4")],
        metadata={"names": "{0: 'cat'}"},
    )  # fmt: skip
    assert examine(tmp_path, honest, "m.onnx").findings == ()

    def op(name: str, domain: str) -> bytes:
        return onnx_file(helper.make_node(name, ["x"], ["y"], domain=domain))

    for data, rule, severity in (
        (op("PyOp", "ai.onnx.contrib"), "onnx.python-operator", Severity.CRITICAL),
        (op("BertTokenizer", "ai.onnx.contrib"), "onnx.custom-operator", Severity.LOW),
        (op("X", "com.microsoft-evil"), "onnx.custom-operator", Severity.MEDIUM),
        (op("G", "mine"), "onnx.custom-operator", Severity.MEDIUM),
        (op("NotInTheStandard", ""), "onnx.custom-operator", Severity.MEDIUM),
        (onnx_file(add, tensors=[external(location="/etc/passwd")]), "onnx.external-path",
         Severity.CRITICAL),
        (onnx_file(add, tensors=[external(location="w", offset="-4")]), "onnx.external-range",
         Severity.CRITICAL),
        (onnx_file(add, metadata={"d": "__import__('os').system('x')"}), "onnx.payload",
         Severity.MEDIUM),
    ):  # fmt: skip
        assert found(examine(tmp_path, data, "m.onnx")) == {rule: severity}


def test_onnx_data_in_training_graphs_and_function_defaults(tmp_path: Path) -> None:
    model = onnx.load_from_string(onnx_file(helper.make_node("Add", ["x", "x"], ["y"])))
    info = model.training_info.add()
    info.algorithm.node.append(helper.make_node("C", [], ["y"], value=external(location="../a")))
    function = helper.make_function("m", "F", [], [], [], [helper.make_opsetid("", 20)])
    function.attribute_proto.append(helper.make_attribute("t", external(location="/b")))
    model.functions.append(function)
    report = examine(tmp_path, model.SerializeToString(), "m.onnx")
    assert {item.evidence for item in report.findings} >= {"../a", "/b"}


def test_what_a_core_ml_model_may_ask_for(tmp_path: Path) -> None:
    custom = field(10, "MyLayer")
    layer = field(1, field(1, "l") + field(500, custom))
    loop = field(1, field(1, "l") + field(615, field(4, layer)))
    blob = field(5, field(1, "@model_path/weights/weight.bin"))
    outside = field(5, field(1, "@model_path/../../etc/passwd"))

    def program(value: bytes, kind: str = "const") -> bytes:
        operation = field(1, kind) + field(5, field(1, "val") + field(2, value))
        block = field(3, field(1, "b") + field(2, field(3, operation)))
        return field(502, field(2, field(1, "main") + field(2, block)))

    head = field(1, 6) + field(2, field(100, field(100, field(1, "k") + field(2, "v"))))
    for body, expected in (
        (field(500, field(1, field(1, "l") + field(120, b""))), {}),
        (program(blob), {}),
        (field(500, layer), {"coreml.custom": Severity.HIGH}),
        (field(403, loop), {"coreml.custom": Severity.HIGH}),
        (field(555, custom), {"coreml.custom": Severity.HIGH}),
        (field(202, field(1, field(1, 6) + field(500, layer))), {"coreml.custom": Severity.HIGH}),
        (field(200, field(1, field(1, field(555, custom)))), {"coreml.custom": Severity.HIGH}),
        (program(blob, "custom_layer"), {"coreml.custom": Severity.HIGH}),
        (program(outside), {"coreml.path": Severity.CRITICAL}),
    ):
        report = examine(tmp_path, head + body, "m.mlmodel")
        assert (report.format, found(report)) == ("coreml", expected)
    opaque = examine(tmp_path, head + field(3000, field(1, "x")), "m.mlmodel")
    assert opaque.coverage is Coverage.PARTIAL


def test_core_ml_weight_files(tmp_path: Path) -> None:
    entry = struct.pack("<IIQQ", 0xDEADBEEF, 1, 16, 128).ljust(64, b"\0")
    data = struct.pack("<II", 1, 2).ljust(64, b"\0") + entry + bytes(16)
    report = examine(tmp_path, data, "weight.bin")
    assert (report.format, report.verdict, report.traits.tensors) == (
        "coreml-weights", Verdict.CLEAN, 1)  # fmt: skip
    cut = examine(tmp_path, data[:-1], "weight.bin")
    assert found(cut) == {"coreml.weights": Severity.HIGH}


def paddle(*operators: bytes) -> bytes:
    variable = field(3, field(1, "x") + field(2, b""))
    block = field(1, 0) + field(2, -1) + variable + b"".join(field(4, item) for item in operators)
    return field(1, block) + field(4, field(1, 0))


def test_what_a_paddle_program_may_ask_for(tmp_path: Path) -> None:
    def operator(kind: str, **texts: str) -> bytes:
        attributes = (field(4, field(1, k) + field(2, 2) + field(5, v)) for k, v in texts.items())
        return field(1, b"") + field(3, kind) + b"".join(attributes)

    for kind, texts, expected in (
        ("conv2d", {}, {}),
        ("py_func", {}, {"paddle.python": Severity.CRITICAL}),
        ("load_combine", {"file_path": "/etc/passwd"}, {"paddle.file-access": Severity.CRITICAL}),
        ("save", {"file_path": "out"}, {"paddle.file-access": Severity.HIGH}),
        ("listen_and_serv", {"endpoint": "0:1"}, {"paddle.network": Severity.HIGH}),
        ("run_shell", {}, {"paddle.engine": Severity.HIGH}),
    ):
        report = examine(tmp_path, paddle(operator(kind, **texts)), "inference.pdmodel")
        assert (report.format, found(report)) == ("paddle", expected)
    other = examine(tmp_path, b"\x0a\x10os.system('true')", "x.pdmodel")
    assert found(other) == {"paddle.malformed": Severity.MEDIUM}


def test_paddle_parameters(tmp_path: Path) -> None:
    description = field(1, 5) + field(2, 2) + field(2, 3)
    tensor = bytes(16) + struct.pack("<I", len(description)) + description + bytes(24)
    report = examine(tmp_path, tensor * 2, "inference.pdiparams")
    assert (report.format, report.verdict) == ("paddle-parameters", Verdict.CLEAN)
    assert (report.traits.tensors, report.traits.parameters) == (2, 12)
    assert examine(tmp_path, tensor[:-1], "x.pdiparams").verdict is Verdict.SUSPICIOUS


def test_models_in_xml(tmp_path: Path) -> None:
    def network(layer: str) -> bytes:
        head = '<?xml version="1.0"?><net name="m" version="11">'
        return f"{head}<layers>{layer}</layers></net>".encode()

    honest = (
        '<layer id="0" name="a" type="Const" version="opset1"><data offset="0" size="4"/></layer>'
    )
    report = examine(tmp_path, network(honest * 30_000), "m.xml")
    assert (report.format, report.verdict) == ("openvino", Verdict.CLEAN)
    for layer, expected in (
        ('<layer id="1" type="Mine" version="extension"/>',
         {"openvino.custom-layer": Severity.MEDIUM}),
        ('<layer id="1" type="BPETokenizer" version="extension"/>',
         {"openvino.custom-layer": Severity.LOW}),
        ('<data offset="-8" size="4"/>', {"openvino.range": Severity.CRITICAL}),
    ):  # fmt: skip
        assert found(examine(tmp_path, network(layer), "m.xml")) == expected
    for body, expected in (
        ('<Apply function="+"/>', {}),
        ('<DefineFunction name="my.f"/><Apply function="my.f"/>', {}),
        ('<Apply function="com.example.Run"/>', {"pmml.function": Severity.HIGH}),
        ('<Extension name="a" value="Runtime; eval(x)"/>', {"pmml.extension": Severity.MEDIUM}),
    ):
        data = f'<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4">{body}</PMML>'.encode()
        report = examine(tmp_path, data, "m.pmml")
        assert (report.format, found(report)) == ("pmml", expected)
    entity = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><PMML version="4.4"/>'
    assert examine(tmp_path, entity, "m.pmml").verdict is Verdict.MALICIOUS


def safetensors(header: object, data: bytes = b"\0" * 8) -> bytes:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(raw)) + raw + data


def test_safetensors_that_break_off_are_not_malicious(tmp_path: Path) -> None:
    entry = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    data = safetensors({"a": entry})
    assert examine(tmp_path, data, "m.safetensors").verdict is Verdict.CLEAN
    for cut in (len(data) - 1, len(data) - 8, 30, 10):
        report = examine(tmp_path, data[:cut], "m.safetensors")
        assert found(report) == {"file.truncated": Severity.MEDIUM}, cut
    zeros = examine(tmp_path, b"\0" * 1000, "m.safetensors")
    assert zeros.verdict is Verdict.SUSPICIOUS
    for header, rule in (
        (b'{"a":', "header"),
        (b'{"a":' + b"[" * 50_000, "header-length"),
        ({"__metadata__": {"a": 1}, "a": entry}, "metadata"),
        ({"a": {"dtype": "F32", "shape": [-2], "data_offsets": [-8, 0]}}, "entry"),
        ({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, "trailing"),
    ):
        report = examine(tmp_path, safetensors(header), "m.safetensors")
        assert found(report)[f"safetensors.{rule}"] is Severity.CRITICAL
    shown = examine(tmp_path, safetensors({"a\u202e": entry}), "m.safetensors")
    assert found(shown) == {"safetensors.name": Severity.MEDIUM}


READERS = {
    "tflite": (read_tflite, tflite("X", {8: [Table({0: "a"})]})),
    "ort": (read_ort, flatbuffer(Table({1: Table({7: Table({2: [Table({5: "Add"})]})})}), b"ORTM")),
    "coreml": (read_coreml, field(1, 6) + field(500, field(1, field(1, "l") + field(500, b"")))),
    "index": (read_checkpoint_index, bytes(100) + bytes.fromhex("57fb808b247547db")),
    "parameters": (read_parameters, bytes(16) + b"\4\0\0\0" + field(1, 5) + field(2, 0)),
    "blobs": (read_blobs, struct.pack("<II", 1, 2).ljust(64, b"\0") + b"\xef\xbe\xad\xde" * 20),
    "paddle": (lambda source, limits: read_program(source, limits, frozenset()), paddle(b"")),
}


@pytest.mark.parametrize("name", sorted(READERS))
@settings(max_examples=100, deadline=2000)
@given(data=st.data())
def test_mutations_raise_nothing_else(name: str, data: st.DataObject) -> None:
    read, honest = READERS[name]
    raw = bytearray(honest)
    for _ in range(data.draw(st.integers(1, 5))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        read(BytesSource(bytes(raw[: data.draw(st.integers(0, len(raw)))])), LIMITS)
    except ArtifactError:
        return


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("g.pbtxt", b'node { op: "' + b'\\"' * 500_000),
        ("g.pbtxt", b'node { op: "A" }' + b"{" * 200_000),
        ("m.pmml", b"<PMML ><Extension " + b"a" * 59_000 + b">" + b"<Apply " * 100_000),
        ("m.xml", b'<net version="1"><layer ' * 50_000),
        ("x.index", bytes(3) * 300_000 + bytes(100) + bytes.fromhex("57fb808b247547db")),
    ],
)
def test_floods_are_examined_in_time(tmp_path: Path, name: str, data: bytes) -> None:
    start = time.process_time()
    examine(tmp_path, data, name)
    assert time.process_time() - start < 20


def test_tables_that_share_their_parts_end(tmp_path: Path) -> None:
    leaf = Table({2: [Table({2: "", 5: "Add"})]})
    raw = bytearray(flatbuffer(Table({1: Table({7: leaf})}), b"ORTM"))
    at = raw.index(b"\1\0\0\0", 8)
    raw[at : at + 4] = (2**20).to_bytes(4, "little")  # one node, said to be very many
    raw += b"\0" * 2**22
    start = time.process_time()
    assert examine(tmp_path, bytes(raw), "m.ort").coverage is Coverage.PARTIAL
    assert time.process_time() - start < 60
