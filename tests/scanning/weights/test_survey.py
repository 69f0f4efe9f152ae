# SPDX-License-Identifier: Apache-2.0
import json
import math
import os
import random
import struct
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.scanning.weights.make import Entry, floats, nudged, write_safetensors

from steelyard.kernel.inspection import TreeFile, location_of
from steelyard.kernel.weights import Relation, WeightReport, WeightRequest
from steelyard.scanning.weights.survey import survey

CONFIG = {
    "vocab_size": 64, "hidden_size": 16, "num_hidden_layers": 2, "torch_dtype": "float32",
    "tie_word_embeddings": False, "_name_or_path": "org/base",
}  # fmt: skip


def honest() -> dict[str, Entry]:
    tensors: dict[str, Entry] = {"embed_tokens.weight": ("F32", (64, 16), floats(1024, 1))}
    for layer in range(2):
        tensors[f"layers.{layer}.mlp.weight"] = ("F32", (64, 64), floats(4096, 10 + layer))
    tensors["lm_head.weight"] = ("F32", (64, 16), floats(1024, 3))
    return tensors


def files_of(folder: Path) -> tuple[TreeFile, ...]:
    return tuple(
        TreeFile(path.name, location_of(os.fsencode(path)), path.stat().st_size)
        for path in sorted(folder.iterdir())
    )


def run(
    folder: Path,
    tensors: Mapping[str, Entry],
    config: dict[str, object] | None = None,
    tokens: int = 0,
    base: Path | None = None,
) -> WeightReport:
    write_safetensors(folder / "model.safetensors", tensors)
    (folder / "config.json").write_text(json.dumps(CONFIG | (config or {})))
    if tokens:
        vocabulary = {f"t{index}": index for index in range(tokens)}
        (folder / "tokenizer.json").write_text(json.dumps({"model": {"vocab": vocabulary}}))
    return survey(
        WeightRequest(
            files=files_of(folder),
            base_files=files_of(base) if base else (),
            base_name="org/base" if base else "",
        )
    )


def rules(report: WeightReport) -> list[str]:
    return [item.finding.rule for item in report.findings]


def test_honest_weights_give_no_findings(tmp_path: Path) -> None:
    report = run(tmp_path, honest(), tokens=64)
    assert report.findings == ()
    assert report.gaps == ()
    assert (report.parameters, report.dtypes) == (1024 + 2 * 4096 + 1024, ("F32",))
    assert len(report.weights.tensors) == 4


def test_what_contradicts_the_configuration_is_found(tmp_path: Path) -> None:
    report = run(
        tmp_path,
        honest(),
        {"vocab_size": 65, "hidden_size": 32, "num_hidden_layers": 3, "torch_dtype": "bfloat16"},
        tokens=70,
    )
    assert sorted(set(rules(report))) == [
        "weights.dtype", "weights.layers", "weights.shape", "weights.vocabulary",
    ]  # fmt: skip


def test_tied_weights_that_differ_are_found(tmp_path: Path) -> None:
    assert "weights.tied" in rules(run(tmp_path, honest(), {"tie_word_embeddings": True}))


def test_missing_output_weights_are_found(tmp_path: Path) -> None:
    tensors = honest()
    del tensors["lm_head.weight"]
    assert rules(run(tmp_path, tensors)) == ["weights.tied"]


def test_duplicates_constants_and_infinities_are_found(tmp_path: Path) -> None:
    tensors = honest()
    tensors["layers.1.mlp.weight"] = tensors["layers.0.mlp.weight"]
    tensors["zeros.weight"] = ("F32", (32, 32), bytes(4096))
    tensors["broken.weight"] = ("F32", (2, 2), struct.pack("<4f", 1, math.inf, math.nan, 2))
    found = {item.finding.rule: item.finding for item in run(tmp_path, tensors).findings}
    assert found["weights.duplicate"].message.startswith("2 tensors are bit for bit the same")
    assert found["weights.degenerate"].message == "Every number of zeros.weight is zero."
    assert found["weights.not-finite"].message.startswith("2 numbers of broken.weight")


def test_a_hidden_file_is_a_reason_to_look(tmp_path: Path) -> None:
    tensors = honest()
    _, shape, data = tensors["layers.0.mlp.weight"]
    payload = b"\x7fELF\x02\x01\x01" + random.Random(5).randbytes(500)
    written = bytearray(data)
    written[: 4 * len(payload) : 4] = payload
    tensors["layers.0.mlp.weight"] = ("F32", shape, bytes(written))
    (item,) = run(tmp_path, tensors).findings
    assert (item.path, item.finding.rule) == ("model.safetensors", "weights.hidden-file")
    assert item.finding.severity == "high"
    assert "an ELF program" in item.finding.message


def test_a_few_precise_tensors_among_rounded_ones_are_found(tmp_path: Path) -> None:
    def rounded(data: bytes) -> bytes:
        out = bytearray(data)
        out[::4] = out[1::4] = bytes(len(data) // 4)
        return bytes(out)

    tensors = {f"layers.{i}.weight": ("F32", (32, 32), rounded(floats(1024, i))) for i in range(9)}
    tensors["layers.9.weight"] = ("F32", (32, 32), floats(1024, 9))
    report = run(tmp_path, tensors, {"num_hidden_layers": 10})
    assert rules(report) == ["weights.low-bits"]
    assert "2 KiB" in report.findings[0].finding.message


def test_an_embedding_row_of_its_own_is_found(tmp_path: Path) -> None:
    data = bytearray(floats(2000 * 32, 4))
    data[1234 * 128 : 1235 * 128] = floats(32, 5, scale=5.0)
    tensors: dict[str, Entry] = {"embed_tokens.weight": ("F32", (2000, 32), bytes(data))}
    report = run(
        tmp_path,
        tensors,
        {"vocab_size": 2000, "hidden_size": 32, "tie_word_embeddings": True},
    )
    assert rules(report) == ["weights.embedding-outlier"]
    assert report.findings[0].finding.evidence == "token ids 1234"


def test_an_unrelated_base_is_a_contradiction(tmp_path: Path) -> None:
    base = {name: (d, s, floats(len(raw) // 4, 900)) for name, (d, s, raw) in honest().items()}
    write_safetensors(tmp_path / "base" / "model.safetensors", base)
    (tmp_path / "tuned").mkdir()
    report = run(tmp_path / "tuned", honest(), base=tmp_path / "base")
    assert report.comparison is not None
    assert report.comparison.relation is Relation.NOT_DERIVED
    assert [item.finding.severity for item in report.findings] == ["medium"]


def test_a_fine_tune_of_the_base_is_told(tmp_path: Path) -> None:
    base = honest()
    write_safetensors(tmp_path / "base" / "model.safetensors", base)
    dtype, shape, data = base["layers.1.mlp.weight"]
    tuned = base | {"layers.1.mlp.weight": (dtype, shape, nudged(data, 2))}
    (tmp_path / "tuned").mkdir()
    report = run(tmp_path / "tuned", tuned, base=tmp_path / "base")
    assert report.comparison is not None
    assert report.comparison.sentence == "Fine-tune of org/base: 25 % of the tensors changed."


def test_other_formats_are_gaps(tmp_path: Path) -> None:
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }".ljust(117) + b"\n"
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x01\x00v\x00" + header + bytes(4))
    report = survey(WeightRequest(files=files_of(tmp_path)))
    assert [gap.reason for gap in report.gaps] == ["the numbers of npy files are not looked at"]


def test_tensors_that_share_bytes_are_not_read_again_and_again(tmp_path: Path) -> None:
    header = {
        f"t{index}": {"dtype": "F32", "shape": [256], "data_offsets": [0, 1024]}
        for index in range(1000)
    }
    text = json.dumps(header).encode()
    (tmp_path / "m.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + bytes(1024))
    report = survey(WeightRequest(files=files_of(tmp_path)))
    assert [gap.reason for gap in report.gaps] == ["tensors share bytes"]


@pytest.mark.parametrize("size", [4, 100])
def test_a_broken_file_is_a_gap(tmp_path: Path, size: int) -> None:
    path = write_safetensors(tmp_path / "m.safetensors", honest())
    path.write_bytes(path.read_bytes()[:size])
    report = survey(WeightRequest(files=files_of(tmp_path)))
    assert report.weights.tensors == ()
    assert [gap.path for gap in report.gaps] == ["m.safetensors"]
