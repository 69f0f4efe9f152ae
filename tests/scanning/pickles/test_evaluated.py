# SPDX-License-Identifier: Apache-2.0
"""Names that honest pickles call do harm when they are handed the wrong things."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from steelyard.kernel.finding import FileReport, Verdict
from steelyard.kernel.inspection import InspectionRequest, TreeFile
from steelyard.scanning.runner import Runner

HEAD = b"\x80\x02"
CALL = b"\x80\x02cposix\nsystem\nX\x04\0\0\0true\x85R."
TEMPLATE = """
def _parse_args(self,  loc=0, scale=1):
    return (), loc, scale

def _parse_args_rvs(self,  loc=0, scale=1, size=None):
    return self._argcheck_rvs( loc, scale, size=size)

def _parse_args_stats(self,  loc=0, scale=1, moments='mv'):
    return (), loc, scale, moments
"""
CODE = "__import__('os').system('true')"
KEY = "_parse_arg_template"


def text(value: str) -> bytes:
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def name(module: str, attribute: str) -> bytes:
    return f"c{module}\n{attribute}\n".encode()


def examine(tmp_path: Path, data: bytes, file_name: str = "model.pkl") -> FileReport:
    path = tmp_path / file_name
    path.write_bytes(data)
    file = TreeFile(path.name, str(path), len(data))
    (report,) = Runner(InspectionRequest(files=(file,))).reports()
    return report


NORM = name("scipy.stats._continuous_distns", "norm_gen") + b")\x81}"
UFUNC = name("numpy.core", "_ufunc_reconstruct")
GENERATOR = name("numpy.random._pickle", "__generator_ctor")


@pytest.mark.parametrize(
    "body",
    [
        UFUNC + text("os") + text("system") + b"\x86R.",
        GENERATOR + text("x") + UFUNC + text("os") + text("system") + b"\x86R\x86R.",
        NORM + text(KEY) + text(CODE) + b"sb.",
        NORM + text(KEY) + b"q\x01" + text(TEMPLATE.replace("scale=1)", "scale=id())")) + b"sb.",
        # The second time both the key and the text come from the memo.
        text(CODE) + b"q\x050" + NORM + text(KEY) + b"q\x01" + text(TEMPLATE) + b"sb0"
        + NORM + b"h\x01" + text(CODE) + b"sb.",
        name("statsmodels.base.data", "ModelData") + b")\x81}(" + text("restore_design_info")
        + b"\x88" + text("formula") + text(f"y ~ {CODE}") + b"ub.",
        name("spacy.tokens.doc", "unpickle_doc") + b"NB" + struct.pack("<I", len(CALL)) + CALL
        + b"N\x87R.",
        name("builtins", "setattr") + name("collections", "OrderedDict") + text("x")
        + b"N\x87R.",
        name("builtins", "bytearray") + b"\x8a\x06\0\0\0\0\0\x01\x85R.",
    ],
)  # fmt: skip
def test_an_honest_name_that_is_handed_code_is_malicious(tmp_path: Path, body: bytes) -> None:
    report = examine(tmp_path, HEAD + body)
    assert report.verdict is Verdict.MALICIOUS, report


@pytest.mark.parametrize(
    "body",
    [
        text(CODE) + b"q\x050" + NORM + text(KEY) + b"h\x05sb.",
        GENERATOR + text("x") + name("__main__", "run") + b"\x86R.",
        name("builtins", "list") + name("builtins", "iter") + name("__main__", "run")
        + b"N\x86R\x85R.",
        name("scipy.stats._distn_infrastructure", "__dict__") + text("np") + b"Ns.",
        name("scipy.stats._distn_infrastructure", "__dict__") + b"(" + text("np") + b"Nu.",
        name("logging", "getLogger") + b")R}" + text("disabled") + b"\x88sb.",
        GENERATOR + name("builtins", "tuple") + b"](" + text("x") + name("__main__", "run")
        + b"e\x85RR.",
        UFUNC + name("builtins", "tuple") + b"](" + text("os") + text("system") + b"e\x85RR.",
        name("builtins", "str") + b"U\x08+AG8AcwA" + text("utf-7") + b"\x86R.",
    ],
)  # fmt: skip
def test_an_honest_name_that_reaches_further_is_for_a_person(tmp_path: Path, body: bytes) -> None:
    report = examine(tmp_path, HEAD + body)
    assert report.verdict is not Verdict.CLEAN, report


@pytest.mark.parametrize(
    "body",
    [
        NORM + text(KEY) + b"q\x01" + text(TEMPLATE) + b"q\x02sb0" + NORM + b"h\x01h\x02sb.",
        UFUNC + text("scipy.special._ufuncs") + text("expit") + b"\x86R.",
        GENERATOR + text("PCG64") + name("numpy.random._pickle", "__bit_generator_ctor")
        + b"\x86R.",
        name("statsmodels.base.data", "ModelData") + b")\x81}(" + text("formula")
        + text("y ~ C(x) + np.log(z)") + b"ub.",
        name("_io", "BytesIO") + b"(U\2abK\0NtR.",
        name("scipy.stats._continuous_distns", "gamma_gen") + b")\x81}" + text("__doc__")
        + text("A gamma (open) variable.") + b"sb.",
        name("builtins", "getattr") + name("scipy.stats._discrete_distns", "poisson_gen")
        + b")\x81" + text("_entropy") + b"\x86R.",
        name("logging", "getLogger") + text("root") + b"\x85R.",
        name("builtins", "range") + b"K\0M\xe8\x03K\1\x87R.",
    ],
)  # fmt: skip
def test_what_the_libraries_write_is_clean(tmp_path: Path, body: bytes) -> None:
    report = examine(tmp_path, HEAD + body)
    assert report.verdict is Verdict.CLEAN, report


def test_dill_dresses_the_classes_it_builds(tmp_path: Path) -> None:
    data = (
        HEAD + name("builtins", "setattr") + name("dill._dill", "_create_type")
        + name("builtins", "type") + b"U\1A)}\x87\x86R" + text("__qualname__") + b"U\1A\x87R."
    )  # fmt: skip
    report = examine(tmp_path, data)
    assert report.verdict is Verdict.SUSPICIOUS, report
