# SPDX-License-Identifier: Apache-2.0
"""Which examiner looks at which format. Modules are imported only when their format turns up."""

from __future__ import annotations

import functools
import importlib
from typing import cast

from steelyard.scanning.interface import Examiner

_PICKLES = "steelyard.scanning.pickles"
_ARCHIVES = "steelyard.scanning.archives"
_RULES = "steelyard.scanning.rules"

EXAMINERS: dict[str, tuple[str, str]] = (
    {
        "pickle": (_PICKLES, "examine_pickle"),
        "joblib": (_PICKLES, "examine_pickle"),
        "torch-legacy": (_PICKLES, "examine_pickle"),
        "torch-zip": (_PICKLES, "examine_torch_zip"),
        "torchscript": (_PICKLES, "examine_torch_zip"),
        "npy": (_PICKLES, "examine_npy"),
        "npz": (_ARCHIVES, "examine_zip"),
        "zip": (_ARCHIVES, "examine_zip"),
        "keras": (_ARCHIVES, "examine_zip"),
        "tar": (_ARCHIVES, "examine_tar"),
        "gzip": (_ARCHIVES, "examine_compressed"),
        "zlib": (_ARCHIVES, "examine_compressed"),
        "bzip2": (_ARCHIVES, "examine_compressed"),
        "xz": (_ARCHIVES, "examine_compressed"),
        "lzma": (_ARCHIVES, "examine_compressed"),
        "lz4": (_ARCHIVES, "examine_compressed"),
        "zstd": (_ARCHIVES, "examine_compressed"),
        "7z": ("steelyard.scanning.sevenzips", "examine_7z"),
        "rar": ("steelyard.scanning.rars", "examine_rar"),
        "safetensors": (f"{_RULES}.safetensors", "examine_safetensors"),
        "hdf5": (f"{_RULES}.hdf5", "examine_hdf5"),
        "keras-metadata": (f"{_RULES}.keras_metadata", "examine_keras_metadata"),
        "onnx": (f"{_RULES}.onnx", "examine_onnx"),
        "gguf": (f"{_RULES}.gguf", "examine_gguf"),
        "saved-model": (f"{_RULES}.tensorflow", "examine_tensorflow"),
        "meta-graph": (f"{_RULES}.tensorflow", "examine_tensorflow"),
        "graph-def": (f"{_RULES}.tensorflow", "examine_tensorflow"),
        "tflite": (f"{_RULES}.tflite", "examine_tflite"),
        "ort": (f"{_RULES}.ort", "examine_ort"),
        "coreml": (f"{_RULES}.coreml", "examine_coreml"),
        "coreml-weights": (f"{_RULES}.coreml", "examine_coreml_weights"),
        "paddle": (f"{_RULES}.paddle", "examine_paddle"),
        "paddle-parameters": (f"{_RULES}.paddle", "examine_paddle_parameters"),
        "openvino": (f"{_RULES}.xml_models", "examine_openvino"),
        "pmml": (f"{_RULES}.xml_models", "examine_pmml"),
        "tf-text": (f"{_RULES}.tensorflow", "examine_tensorflow_text"),
        "tf-checkpoint-index": (f"{_RULES}.tensorflow", "examine_checkpoint_index"),
        "tf-checkpoint-data": (f"{_RULES}.tensorflow", "examine_checkpoint_data"),
        "json": (f"{_RULES}.json_files", "examine_json"),
        "yaml": (f"{_RULES}.yaml_files", "examine_yaml"),
        "python": (f"{_RULES}.python_files", "examine_python"),
        "ubjson": (f"{_RULES}.small_models", "examine_ubjson"),
        "sentencepiece": (f"{_RULES}.small_models", "examine_sentencepiece"),
        "crfsuite": (f"{_RULES}.small_models", "examine_crfsuite"),
        "apple-double": (f"{_RULES}.small_models", "examine_apple_double"),
        "test-virus": (f"{_RULES}.small_models", "examine_test_virus"),
        "msgpack": (f"{_RULES}.msgpack_files", "examine_msgpack"),
        "sqlite": (f"{_RULES}.documents", "examine_sqlite"),
        "pdf": (f"{_RULES}.documents", "examine_pdf"),
        "fasttext": (f"{_RULES}.classic_models", "examine_fasttext"),
        "word2vec": (f"{_RULES}.classic_models", "examine_word2vec"),
        "catboost": (f"{_RULES}.classic_models", "examine_catboost"),
        "lightgbm": (f"{_RULES}.classic_models", "examine_lightgbm"),
        "parquet": (f"{_RULES}.tables", "examine_table"),
        "arrow": (f"{_RULES}.tables", "examine_table"),
        "mat": (f"{_RULES}.tables", "examine_mat"),
        "r-data": (f"{_RULES}.r_data", "examine_r"),
        "image": (f"{_RULES}.media", "examine_media"),
        "audio": (f"{_RULES}.media", "examine_media"),
        "ape": (f"{_RULES}.executables", "examine_portable"),
        "ole": (f"{_RULES}.executables", "examine_ole"),
    }
    | dict.fromkeys(
        ("text", "markdown", "csv", "html", "toml", "xml", "jsonl", "jinja", "shell"),
        (f"{_RULES}.text_files", "examine_text"),
    )
    | dict.fromkeys(
        ("elf", "pe", "macho", "wasm", "java-class", "dex", "pyc", "lnk", "chm"),
        (f"{_RULES}.executables", "examine_executable"),
    )
)
"""Format to module and function."""

INERT = frozenset({"empty", "tf-fingerprint"})
"""Formats that hold nothing a loader would follow; their bytes are hashed."""

UNREAD: dict[str, str] = {
    "ggml-legacy": "GGML and GGJT files from before GGUF are recognized but not read",
    "mxnet": "MXNet parameter files are recognized but not read",
    "ncnn": "ncnn networks are recognized but not read",
    "other-archive": "cab, ar, rpm and cpio archives are recognized but not opened",
    "unknown": "the format was not recognized",
}
"""Formats nobody looks into yet, and the reason a report gives."""


@functools.cache
def examiner_for(kind: str) -> Examiner | None:
    """Return the examiner of a format, imported now, or None if there is none."""
    place = EXAMINERS.get(kind)
    if place is None:
        return None
    module, function = place
    return cast("Examiner", getattr(importlib.import_module(module), function))
