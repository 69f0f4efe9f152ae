# SPDX-License-Identifier: Apache-2.0
"""Tells package names that are meant to be taken for another, much used one.

The shipped list holds the most downloaded names. A name on it is never taken for a copy; a name
that is not, but is one slip away from one of the most used, is.
"""

from __future__ import annotations

import functools
import re
from importlib import resources

_TARGETS = 700
_LEARNING = frozenset({
    "torch", "torchvision", "torchaudio", "tensorflow", "keras", "transformers", "diffusers",
    "accelerate", "safetensors", "huggingface-hub", "tokenizers", "datasets", "peft", "trl",
    "sentence-transformers", "scikit-learn", "xgboost", "lightgbm", "catboost", "onnx", "gradio",
    "onnxruntime", "bitsandbytes", "deepspeed", "vllm", "flash-attn", "xformers", "timm", "spacy",
    "einops", "sentencepiece", "pytorch-lightning", "openai", "anthropic", "langchain", "jax",
    "flax", "optimum", "auto-gptq", "triton", "streamlit", "ultralytics", "opencv-python", "mlflow",
    "wandb", "llama-cpp-python", "numba", "statsmodels", "gensim", "nltk", "librosa", "joblib",
})  # fmt: skip
_SHORTEST = 5
_GLYPHS = str.maketrans({"0": "o", "1": "l", "5": "s", "3": "e"})


@functools.cache
def _known() -> dict[str, int]:
    place = resources.files("steelyard.catalog").joinpath("data", "top_packages.txt")
    names = [line for line in place.read_text("utf-8").splitlines() if line and line[0] != "#"]
    return {_plain(name): rank for rank, name in enumerate(names)}


@functools.cache
def _variants() -> dict[str, str]:
    """Every target with one character left out, to find names one slip away without comparing
    each with each."""
    found: dict[str, str] = {}
    known = _known()
    targets = sorted(known, key=known.__getitem__)[:_TARGETS]
    for name in [*targets, *sorted(_LEARNING)]:
        if len(name) >= _SHORTEST:
            found.setdefault(name, name)
            for at in range(len(name)):
                found.setdefault(name[:at] + name[at + 1 :], name)
    return found


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def resembles(name: str) -> str:
    """Return the much used package that ``name`` is easily taken for, or ""."""
    plain = _plain(name)
    if len(plain) < _SHORTEST - 1 or len(plain) > 60 or plain in _known() or plain in _LEARNING:
        return ""
    variants = _variants()
    shapes = [plain, *(plain[:at] + plain[at + 1 :] for at in range(len(plain)))]
    for shape in shapes:
        target = variants.get(shape)
        if target and _close(plain, target):
            return target
    for trick in (plain.translate(_GLYPHS), plain.replace("-", ""), plain.replace("rn", "m"),
                  plain.removeprefix("python-"), plain.removesuffix("-python")):  # fmt: skip
        if trick != plain and variants.get(trick) == trick:
            return trick if trick not in (plain[7:], plain[:-7]) else ""
    return ""


def _close(one: str, two: str) -> bool:
    """Tell whether one slip (left out, added, replaced, swapped) makes ``one`` into ``two``."""
    if abs(len(one) - len(two)) > 1 or one[-1:].isdigit() != two[-1:].isdigit():
        return False
    if len(one) == len(two):
        differing = [at for at in range(len(one)) if one[at] != two[at]]
        swapped = len(differing) == 2 and differing[1] == differing[0] + 1 and (
            one[differing[0]] == two[differing[1]] and one[differing[1]] == two[differing[0]])  # fmt: skip  # noqa: E501
        return swapped or len(differing) == 1
    longer, shorter = (one, two) if len(one) > len(two) else (two, one)
    return any(longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer)))
