# SPDX-License-Identifier: Apache-2.0
"""Examines TensorFlow Lite models: custom operators, bytes outside the file, files packed along."""

from __future__ import annotations

from msgspec import structs

from steelyard.artifacts.source import Source
from steelyard.artifacts.tflite import LAST_BUILTIN, read_tflite
from steelyard.kernel.finding import Severity
from steelyard.scanning.archives import examine_zip
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.rules.places import judge_files
from steelyard.scanning.rules.tensorflow_ops import judged_ops, known_ops, speaks_of_code

_PUBLISHED = frozenset({
    "TFLite_Detection_PostProcess", "Convolution2DTransposeBias", "MaxPoolingWithArgmax2D",
    "MaxUnpooling2D", "TransformLandmarks", "TransformTensorBilinear", "Landmarks2TransformMatrix",
    "edgetpu-custom-op", "AudioSpectrogram", "Mfcc", "RandomUniform", "RandomStandardNormal",
    "Multinomial", "RFFT2D", "Irfft2d", "HASHTABLE", "HashTable", "HashTableV2", "NumericVerify",
    "TFSentencepieceTokenizeOp", "SentencepieceTokenizer", "ethos-u", "odml.detector",
    "odml.update_kv_cache", "odml.scaled_dot_product_attention", "odml.rms_norm",
    "KmeansEmbeddingLookup", "SequenceStringProjection", "SequenceStringProjectionV2", "Predict",
    "Normalize", "ExtractFeatures", "Whitespace_Tokenizer", "VhloCompositeOp", "DISPATCH_OP",
    "aeq.hadamard_rotation", "STABLEHLO_COMPOSITE", "AssignVariable", "ReadVariable", "VarHandle",
})  # fmt: skip
"""Custom operators of TensorFlow Lite itself, MediaPipe and hardware vendors."""
_REMEDY = "Find out which library implements it, and review that library."


def examine_tflite(context: Context, source: Source, into: Examination) -> None:
    """Examine one TensorFlow Lite model."""
    model = read_tflite(source, into.limits)
    into.weights = True
    into.tensors += model.tensors
    into.parameters += model.parameters
    into.dtypes |= model.dtypes
    for problem in model.problems:
        into.add(
            problem.code,
            Severity.CRITICAL,
            problem.message,
            location=context.at(problem.location),
            remedy="Do not load it; the numbers attack the reader.",
        )
    for name, count in sorted(model.custom.items()):
        _judge_custom(context, name, count, into)
    judge_files(context, model.external, "tflite.external-path", "external buffers", into)
    unknown = [code for code in sorted(model.builtin) if code > LAST_BUILTIN]
    if unknown:
        into.add(
            "tflite.unknown-builtin",
            Severity.LOW,
            "The model uses operators newer than the list this scanner knows.",
            location=context.at(f"operator {unknown[0]}"),
            remedy="Load it with a current release of the runtime.",
        )
    if _packed(source):
        # Labels and vocabularies are appended as a zip; its offsets count from the file's start.
        examine_zip(structs.replace(context, format="zip"), source, into)


def _judge_custom(context: Context, name: str, count: int, into: Examination) -> None:
    place = context.at(f"{count} node{'s' if count != 1 else ''}")
    if name.startswith("Flex"):
        op = name.removeprefix("Flex")
        group = judged_ops().get(op)
        if group is not None and not group.only_with_path:
            into.add(
                f"tensorflow.{group.rule}",
                group.severity,
                f"The model runs the TensorFlow operation {op}, which {group.does}.",
                location=place,
                evidence=name[:100],
                remedy="Do not run this model; ask the publisher why it is there.",
            )
        elif op in known_ops():
            into.add(
                "tflite.flex",
                Severity.INFO,
                f"The operator {name[:80]!r} needs TensorFlow's own operations at run time.",
                location=place,
                evidence=name[:100],
            )
        else:
            _unknown(name, place, into)
    elif name in _PUBLISHED:
        into.add(
            "tflite.published-operator",
            Severity.INFO,
            f"The custom operator {name[:80]!r} comes with a published runtime.",
            location=place,
            evidence=name[:100],
        )
    else:
        _unknown(name, place, into)


def _unknown(name: str, place: str, into: Examination) -> None:
    into.add(
        "tflite.custom-operator",
        Severity.HIGH if speaks_of_code(name) else Severity.MEDIUM,
        f"The custom operator {name[:80]!r} needs a library of its own.",
        location=place,
        evidence=name[:100],
        remedy=_REMEDY,
    )


def _packed(source: Source) -> bool:
    tail = source.read_at(max(0, source.size - 65_557), 65_557)
    return b"PK\x05\x06" in tail
