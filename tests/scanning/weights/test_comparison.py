# SPDX-License-Identifier: Apache-2.0
from collections.abc import Mapping
from pathlib import Path

from tests.scanning.weights.make import Entry, floats, nudged, write_safetensors

from steelyard.artifacts.safetensors import read_safetensors
from steelyard.artifacts.source import open_file
from steelyard.kernel.limits import DEFAULT_LIMITS
from steelyard.kernel.weights import Relation, TensorPrint, WeightPrint
from steelyard.scanning.weights.comparison import compare, findings_of
from steelyard.scanning.weights.tensors import observe

SHAPE = (32, 32)


def model(seed: int, count: int = 8) -> dict[str, Entry]:
    return {
        f"layers.{index}.weight": ("F32", SHAPE, floats(1024, seed + index))
        for index in range(count)
    }


def prints(path: Path, tensors: Mapping[str, Entry]) -> WeightPrint:
    write_safetensors(path, tensors)
    with open_file(str(path), path.stat().st_size) as source:
        header = read_safetensors(source, DEFAULT_LIMITS)
        found: list[TensorPrint] = [
            observe(source, info, 8 + header.header_size + info.start).print
            for info in header.tensors
        ]
    return WeightPrint(tensors=tuple(found))


def changed(tensors: dict[str, Entry], *names: str) -> dict[str, Entry]:
    return {
        name: (entry[0], entry[1], nudged(entry[2], 99)) if name in names else entry
        for name, entry in tensors.items()
    }


def test_the_same_weights_are_identical(tmp_path: Path) -> None:
    base = prints(tmp_path / "base", model(1))
    result = compare(base, base, "org/base")
    assert result.relation is Relation.IDENTICAL
    assert result.sentence == "The weights are those of org/base, bit for bit."


def test_a_fine_tune_of_some_tensors_is_counted(tmp_path: Path) -> None:
    base = model(1)
    tuned = changed(base, "layers.6.weight", "layers.7.weight")
    result = compare(prints(tmp_path / "a", tuned), prints(tmp_path / "b", base), "org/base")
    assert (result.relation, result.changed, result.unchanged) == (Relation.DERIVED, 2, 6)
    assert result.sentence == "Fine-tune of org/base: 25 % of the tensors changed."


def test_a_full_fine_tune_is_told_from_another_training(tmp_path: Path) -> None:
    base = model(1)
    tuned = changed(base, *base)
    known = prints(tmp_path / "b", base)
    derived = compare(prints(tmp_path / "a", tuned), known, "org/base")
    unrelated = compare(prints(tmp_path / "c", model(500)), known, "org/base")
    assert derived.relation is Relation.DERIVED
    assert derived.sign_agreement is not None
    assert derived.sign_agreement > 0.95
    assert unrelated.relation is Relation.NOT_DERIVED
    assert unrelated.sign_agreement is not None
    assert 0.4 < unrelated.sign_agreement < 0.6
    (finding,) = findings_of(unrelated, declared=True)
    assert finding.severity == "medium"
    assert findings_of(unrelated, declared=False)[0].severity == "info"


def test_another_number_format_is_compared_by_sign(tmp_path: Path) -> None:
    base = model(1)
    smaller = {
        name: (
            "BF16",
            SHAPE,
            bytes(byte for i in range(0, 4096, 4) for byte in data[i + 2 : i + 4]),
        )
        for name, (_, _, data) in base.items()
    }
    result = compare(prints(tmp_path / "a", smaller), prints(tmp_path / "b", base), "org/base")
    assert result.relation is Relation.DERIVED
    assert result.lower_bits_only == 0


def test_another_architecture_is_said(tmp_path: Path) -> None:
    other = {f"blocks.{i}.w": ("F32", SHAPE, floats(1024, i)) for i in range(8)}
    result = compare(prints(tmp_path / "a", other), prints(tmp_path / "b", model(1)), "org/base")
    assert result.relation is Relation.OTHER_ARCHITECTURE


def test_a_prefix_in_the_names_does_not_matter(tmp_path: Path) -> None:
    base = model(1)
    headed = {f"model.{name}": entry for name, entry in base.items()}
    headed["lm_head.weight"] = ("F32", SHAPE, floats(1024, 77))
    known, ours = prints(tmp_path / "b", base), prints(tmp_path / "a", headed)
    result = compare(ours, known, "org/base")
    assert (result.relation, result.unchanged, result.added) == (Relation.DERIVED, 8, 1)
    assert compare(known, ours, "org/base").unchanged == 8


def test_data_in_the_low_bits_stands_out_against_the_base(tmp_path: Path) -> None:
    base = model(1)
    _, _, data = base["layers.3.weight"]
    written = bytearray(data)
    written[::4] = bytes(byte ^ 0x55 for byte in data[::4])
    stego = base | {"layers.3.weight": ("F32", SHAPE, bytes(written))}
    result = compare(prints(tmp_path / "a", stego), prints(tmp_path / "b", base), "org/base")
    assert result.lower_bits_only == 1
    rules = {finding.rule: finding for finding in findings_of(result, declared=True)}
    assert rules["weights.lower-bits-changed"].severity == "medium"


def test_an_empty_base_says_nothing(tmp_path: Path) -> None:
    result = compare(prints(tmp_path / "a", model(1)), WeightPrint(tensors=()), "org/base")
    assert result.relation is Relation.OTHER_ARCHITECTURE
