# SPDX-License-Identifier: Apache-2.0
"""Judges a dotted name that a configuration hands to a framework to be imported and called."""

from __future__ import annotations

import re

from steelyard.kernel.finding import Severity
from steelyard.scanning.interface import Context, Examination

TARGET_KEYS = frozenset({"_target_", "target", "class_path", "_cls_", "func", "_target", "_obj_",
                         "__target__", "_partial_target_", "callable", "obj_type"})  # fmt: skip
"""Keys whose text Hydra, OmegaConf, Lightning and their likes import and call."""
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:[.:][A-Za-z_]\w*)+\Z")
_ROOTS = frozenset({
    "torch", "torchvision", "torchaudio", "transformers", "diffusers", "pytorch_lightning",
    "lightning", "nemo", "hydra", "omegaconf", "sklearn", "numpy", "megatron", "ldm", "sgm",
    "torchmetrics", "peft", "accelerate", "timm", "monai", "speechbrain", "ultralytics",
    "audiocraft", "open_clip", "mmengine", "mmdet", "detectron2", "einops", "xformers", "vllm",
    "torch_geometric", "datasets", "tokenizers", "spacy", "deepspeed", "keras", "tensorflow", "jax",
    "flax", "optax", "xgboost", "lightgbm", "catboost", "pandas", "scipy", "sentence_transformers",
    "mlflow", "fairseq", "fairseq2", "flair", "espnet", "espnet2", "trl", "bitsandbytes",
    "nemo_text_processing", "pyannote", "lightning_fabric", "fvcore", "gluonts", "statsmodels",
    "skl2onnx", "onnxruntime", "sapien", "gymnasium", "stable_baselines3", "datetime", "collections",  # noqa: E501
})  # fmt: skip
_INDIRECT = frozenset({
    "hydra.utils.get_method", "hydra.utils.get_class", "hydra.utils.get_object", "hydra.utils.call",
    "hydra.utils.instantiate", "hydra.utils.get_static_method", "hydra._internal.utils._locate",
    "omegaconf.OmegaConf.register_new_resolver", "omegaconf.OmegaConf.load", "torch.load",
    "torch.hub.load", "torch.jit.load", "numpy.load", "joblib.load", "torch.ops.load_library",
    "pandas.read_pickle", "torch.utils.cpp_extension.load", "numpy.fromregex",
})  # fmt: skip
"""Functions of known libraries that look up, load or call something else by name."""


def judge_target(context: Context, key: str, target: str, into: Examination, place: str) -> None:
    """Add a finding if ``target`` is dangerous or of no library that is known."""
    if not _DOTTED.match(target) or len(target) > 500:
        return
    from steelyard.scanning.pickles.names import why_dangerous

    dotted = target.replace(":", ".")
    module, _, name = dotted.rpartition(".")
    why = why_dangerous(module, name)
    explicit = key in ("_target_", "_partial_target_", "__target__")
    if dotted in _INDIRECT:
        severity, why = (Severity.HIGH, "loads or looks up something else by name")
    elif why:
        severity = Severity.CRITICAL
    elif dotted.partition(".")[0] in _ROOTS:
        return
    else:
        severity = Severity.MEDIUM if explicit or key in ("target", "class_path") else Severity.LOW
    into.add(
        "config.target",
        severity,
        f"The configuration names {target[:120]} to be imported and called"
        + (f", which {why}." if why else ", which is in no library known here."),
        location=context.at(place),
        evidence=f"{key}: {target}"[:200],
        remedy="Check what it calls before a framework instantiates it.",
    )
