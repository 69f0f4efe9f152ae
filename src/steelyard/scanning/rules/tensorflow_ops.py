# SPDX-License-Identifier: Apache-2.0
"""What each TensorFlow operation may do: the shipped lists, and judgement of a file name."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources

import msgspec
from msgspec import Struct

from steelyard.kernel.finding import Severity

_ADDON_PREFIXES = ("TFText>", "Addons>", "TFRA>", "SimpleML", "Sentencepiece", "Horovod")
_ADDONS = frozenset({
    "CaseFoldUTF8", "NormalizeUTF8", "NormalizeUTF8WithOffsetsMap", "FindSourceOffsets",
    "WordpieceTokenizeWithOffsets", "RegexSplitWithOffsets", "WhitespaceTokenizeWithOffsets",
    "WhitespaceTokenizeWithOffsetsV2", "UnicodeScriptTokenizeWithOffsets", "SentenceFragments",
    "SentenceFragmentsV2", "SplitMergeTokenizeWithOffsets", "ConstrainedSequence", "RougeL",
    "MaxSpanningTree", "MstSolver", "Resampler", "BipartiteMatch", "DecodeProtoSparseV2",
    "DecodeProtoSparseV3", "DecodeProtoSparseV4", "CreateTRTResourceHandle",
    "GetCalibrationDataOp", "HashTableV1", "PeriodicResample", "NeuronOp",
})  # fmt: skip
"""Operations of published add-ons (TensorFlow Text, Addons, Decision Forests, TensorRT)."""

_WORDS = frozenset({
    "shell", "exec", "execute", "system", "subprocess", "popen", "eval", "python", "py", "pyfunc",
    "command", "cmd", "spawn", "fork", "download", "upload", "socket", "http", "curl", "backdoor",
    "bash", "powershell", "inject", "payload", "reverse",
})  # fmt: skip
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SCHEME = re.compile(r"\A([A-Za-z][A-Za-z0-9+.-]*)://")
_CLOUD = frozenset({"gs", "s3", "s3a", "hdfs", "viewfs", "har", "oss", "cns", "ram", "az", "dbfs"})
_SENSITIVE = re.compile(
    r"\A/(?:etc|proc|sys|dev|root|boot|var/run|run)(?:/|\Z)|(?:\A|/)\.(?:ssh|aws|gnupg|kube|docker"
    r"|netrc|bash\w*|profile|config|git)(?:/|\Z)|/authorized_keys|/id_rsa|/cron"
)
_DRIVE = re.compile(r"\A(?:[A-Za-z]:)?[\\/]")


class Judged(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a group of operations does and how bad that is; see ``tensorflow_judged.toml``."""

    rule: str
    severity: Severity
    does: str
    ops: tuple[str, ...]
    path: str = ""
    """The input (a number) or attribute (a word) that carries a file name."""
    only_with_path: bool = False
    """Harmless unless a path is given."""
    harmless: tuple[str, ...] = ()
    """Values of the path attribute that name no file."""
    saver: bool = False
    """Belongs to every saver; harmless there."""


@cache
def known_ops() -> frozenset[str]:
    """Return the names TensorFlow registers."""
    text = _folder().joinpath("tensorflow_ops.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


@cache
def judged_ops() -> dict[str, Judged]:
    """Return the judgement of every operation that may touch the machine."""
    text = _folder().joinpath("tensorflow_judged.toml").read_text("utf-8")
    groups = msgspec.convert(tomllib.loads(text), dict[str, Judged])
    return {op: group for group in groups.values() for op in group.ops}


def is_addon(op: str) -> bool:
    """Tell whether a published add-on to TensorFlow brings this operation."""
    return op in _ADDONS or op.startswith(_ADDON_PREFIXES)


def speaks_of_code(op: str) -> bool:
    """Tell whether the words of an unknown operation's name say that it runs something."""
    words = {word.lower() for word in _WORD.findall(op)}
    return bool(words & (_WORDS - {"reverse"})) or {"reverse", "shell"} <= words


def path_severity(path: str) -> Severity | None:
    """Return how bad it is that a graph names this file; None where nothing is named."""
    if not path:
        return None
    scheme = _SCHEME.match(path)
    if scheme:
        cloud = scheme[1].lower() in _CLOUD
        return Severity.HIGH if cloud else Severity.CRITICAL
    if ".." in path.replace("\\", "/").split("/") or path.startswith("~"):
        return Severity.CRITICAL
    if _SENSITIVE.search(path.replace("\\", "/")):
        return Severity.CRITICAL
    return Severity.HIGH if _DRIVE.match(path) else Severity.LOW


def _folder() -> resources.abc.Traversable:
    return resources.files("steelyard.scanning.rules")
