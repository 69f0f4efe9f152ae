# SPDX-License-Identifier: Apache-2.0
"""Examines fastText, word2vec, CatBoost and LightGBM models: data, walked from end to end."""

from __future__ import annotations

import re

from steelyard.artifacts.classic_models import (
    ClassicModel,
    read_catboost,
    read_fasttext,
    read_word2vec,
)
from steelyard.artifacts.source import Source
from steelyard.kernel.finding import Severity
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.rules.appended import examine_rest
from steelyard.scanning.rules.secrets import find_secrets
from steelyard.scanning.rules.text_files import read_bounded

_LIGHTGBM_LINE = re.compile(
    rb"[a-z_]+=.*|(?:pandas_categorical|feature_importances|parameters):.*|\[[a-z_0-9]+: .*\]"
    rb"|end of (?:trees|parameters)|Tree=\d+|tree|average_output|linear_tree"
    rb"|[^\s=]+=\d+(?:\.\d+)?|",
    re.IGNORECASE | re.DOTALL,
)


def examine_fasttext(context: Context, source: Source, into: Examination) -> None:
    """Examine a fastText model."""
    _note(context, source, read_fasttext(source), into)


def examine_word2vec(context: Context, source: Source, into: Examination) -> None:
    """Examine vectors in the binary format of word2vec."""
    _note(context, source, read_word2vec(source), into)


def examine_catboost(context: Context, source: Source, into: Examination) -> None:
    """Examine a CatBoost model."""
    _note(context, source, read_catboost(source), into)


def _note(context: Context, source: Source, model: ClassicModel, into: Examination) -> None:
    into.weights = True
    into.tensors += model.tensors
    into.parameters += model.parameters
    examine_rest(context, source, model.end, into)


def examine_lightgbm(context: Context, source: Source, into: Examination) -> None:
    """Examine a LightGBM model, which is text: nothing but its known kinds of lines."""
    into.weights = True
    data = read_bounded(context, source, into)
    find_secrets(context, data, into)
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not _LIGHTGBM_LINE.fullmatch(line.rstrip(b"\r")):
            into.add(
                "lightgbm.line",
                Severity.MEDIUM,
                "A line of the model is none that LightGBM writes.",
                location=context.at(f"line {number}"),
                evidence=line[:100].decode("utf-8", "replace"),
                remedy="Look at what it is; train or export the model again.",
            )
            break
