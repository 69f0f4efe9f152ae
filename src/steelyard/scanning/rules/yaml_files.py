# SPDX-License-Identifier: Apache-2.0
"""Examines YAML: tags that build Python objects, and targets a framework would call."""

from __future__ import annotations

import re

from steelyard.artifacts.source import Source
from steelyard.kernel.finding import Severity
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.pickles.names import why_dangerous
from steelyard.scanning.rules.secrets import find_secrets
from steelyard.scanning.rules.text_files import read_bounded

_TAG = re.compile(
    r"!!?<?(?:tag:yaml\.org,2002:)?python/(?:object|name|module|tuple)[^\s,\]}]*", re.IGNORECASE
)
_HANDLE = re.compile(r"(?m)^%TAG\s+\S+\s+\S*python\S*")
_TARGET = re.compile(
    r"""(?m)["']?(?:_target_|target|class_path|_cls_|func)["']?\s*:\s*["']?([A-Za-z_][\w.]*\.[\w.]+)"""
)
_ANCHOR = re.compile(r"(?m)(?<=[\s\[{,:-])&([\w-]+)\s")
_ALIAS = re.compile(r"(?<=[\s\[{,:])\*[\w-]+")
_ANCHORS_MOST, _ALIASES_MOST = 5, 20
_ROOTS = frozenset({
    "torch", "torchvision", "torchaudio", "transformers", "diffusers", "pytorch_lightning",
    "lightning", "nemo", "hydra", "omegaconf", "sklearn", "numpy", "megatron", "ldm", "sgm",
    "torchmetrics", "peft", "accelerate", "timm", "monai", "speechbrain", "ultralytics",
})  # fmt: skip


def examine_yaml(context: Context, source: Source, into: Examination) -> None:
    """Examine one YAML document, without building anything from it."""
    data = read_bounded(context, source, into)
    find_secrets(context, data, into)
    text = data.decode("utf-8", "replace")
    for found in [*_TAG.finditer(text), *_HANDLE.finditer(text)][:20]:
        into.add(
            "yaml.python-tag",
            Severity.CRITICAL,
            "A tag makes the loader build a Python object.",
            location=context.at(f"line {_line(text, found.start())}"),
            evidence=found[0][:200],
            remedy="Load YAML with a safe loader only, and do not use this file.",
        )
    if len(_ANCHOR.findall(text)) > _ANCHORS_MOST and len(_ALIAS.findall(text)) > _ALIASES_MOST:
        into.add(
            "yaml.aliases",
            Severity.CRITICAL,
            "Aliases refer to aliases: a reader would build billions of items.",
            location=context.at(""),
            remedy="Do not load this file.",
        )
    if "{{" in text or "{%" in text:
        from steelyard.scanning.rules.templates import judge_template

        judge_template(context, text, into, "templates in the text")
    seen: set[str] = set()
    line, counted = 1, 0
    for found in _TARGET.finditer(text):
        line += text.count("\n", counted, found.start())
        counted = found.start()
        target = found[1]
        module, _, name = target.rpartition(".")
        if target in seen:
            continue
        seen.add(target)
        why = why_dangerous(module, name)
        if why or target.partition(".")[0] not in _ROOTS:
            into.add(
                "config.target",
                Severity.CRITICAL if why else Severity.MEDIUM,
                f"The configuration names {target[:120]} to be called"
                + (f", which {why}." if why else "."),
                location=context.at(f"line {line}"),
                evidence=found[0][:200],
                remedy="Check what it calls before instantiating it.",
            )


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
