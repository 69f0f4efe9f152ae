# SPDX-License-Identifier: Apache-2.0
"""Whole files through the examiners: what is honest stays quiet, what is not is named."""

from __future__ import annotations

import base64
import collections
import contextlib
import csv
import datetime as dt
import decimal
import io
import pathlib
import pickle
import re
import zipfile
from typing import Any

import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.shared import shared

from steelyard.artifacts.sniff import sniff
from steelyard.artifacts.source import BytesSource, Source
from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.finding import Coverage, Severity, Verdict, verdict_of
from steelyard.kernel.limits import DEFAULT_LIMITS
from steelyard.scanning import pickles
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.pickles.names import allowed_names, is_allowed, why_dangerous
from steelyard.scanning.pickles.scripts import examine_script

EVIL = b"cos\nsystem\n(S'true'\ntR."


def examine(data: bytes, name: str = "model.pkl", into: Examination | None = None) -> Examination:
    into = into or Examination(DEFAULT_LIMITS)
    _nested(Context(path=name, format="", limits=DEFAULT_LIMITS, examine_nested=_nested),
            BytesSource(data), into)  # fmt: skip
    return into


def _nested(context: Context, source: Source, into: Examination) -> None:
    kind = sniff(source, context.name).format
    context = Context(path=context.path, format=kind, limits=context.limits, member=context.member,
                      depth=context.depth, examine_nested=_nested)  # fmt: skip
    if kind in ("pickle", "joblib", "torch-legacy"):
        pickles.examine_pickle(context, source, into)
    elif kind in ("torch-zip", "torchscript"):
        pickles.examine_torch_zip(context, source, into)
    elif kind == "npy":
        pickles.examine_npy(context, source, into)


def verdict(data: bytes, name: str = "model.pkl") -> Verdict:
    into = examine(data, name)
    return verdict_of(into.findings, into.coverage)


def rules(data: bytes) -> set[str]:
    return {finding.rule for finding in examine(data).findings}


class Runs:
    def __reduce__(self) -> tuple[Any, ...]:
        import os

        return os.system, ("true",)


HONEST: list[Any] = [
    {"a": [1, 2.5, None, True, "text", b"bytes"]}, collections.OrderedDict(a=1),
    np.arange(1000.0), np.array([None, "x"], dtype=object), np.float32(3), {1, 2}, frozenset({3}),
    dt.datetime(2026, 1, 1, tzinfo=dt.UTC), decimal.Decimal("1.5"), complex(1, 2), bytearray(b"x"),
    pathlib.PurePosixPath("a"), collections.defaultdict(list, a=[1]), np.random.RandomState(3),
    re.compile("a+"), np.zeros(3, [("a", "f4"), ("b", "U3")]), [len, sorted], range(3),
]  # fmt: skip


@pytest.mark.parametrize("index", range(len(HONEST)))
@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_honest_objects_are_clean(index: int, protocol: int) -> None:
    into = examine(pickle.dumps(HONEST[index], protocol))
    worst = [f for f in into.findings if f.severity not in (Severity.INFO, Severity.LOW)]
    assert worst == []
    assert into.coverage is Coverage.FULL


@pytest.mark.parametrize("protocol", range(6))
def test_a_call_of_a_dangerous_name_is_malicious(protocol: int) -> None:
    data = pickle.dumps([1, Runs()], protocol)
    into = examine(data)
    assert verdict_of(into.findings, into.coverage) is Verdict.MALICIOUS
    assert any("REDUCE calls posix.system" in line for line in into.load_calls)


@pytest.mark.parametrize(
    ("data", "rule", "expected"),
    [
        (EVIL, "pickle.dangerous-call", Verdict.MALICIOUS),
        (b"cos\nsystem\n.", "pickle.dangerous-import", Verdict.MALICIOUS),
        (b"cmylib\nthing\n)R.", "pickle.unknown-call", Verdict.SUSPICIOUS),
        (b"cmylib\nthing\n.", "pickle.unknown-import", Verdict.SUSPICIOUS),
        (b"cmylib\nunsafe_eval\n)R.", "pickle.dangerous-call", Verdict.MALICIOUS),
        (b"\x80\x04\x8c\x05mylib\x8c\x05a.b.c\x93.", "pickle.dotted-name", Verdict.SUSPICIOUS),
        (b"\x80\x04\x8c\x0bcollections\x8c\x10_sys.modules.get\x93)R.", "pickle.dangerous-call",
         Verdict.MALICIOUS),
        (b"c__main__\nNet\n)\x81.", "pickle.unknown-import", Verdict.CLEAN),
        (b"c__main__\nrun\n)R.", "pickle.unknown-call", Verdict.SUSPICIOUS),
        (b"cbuiltins\ngetattr\n(cmylib\nx\nS'system'\ntR.", "pickle.dangerous-call",
         Verdict.MALICIOUS),
        (b"cbuiltins\ngetattr\n.", "pickle.dangerous-import", Verdict.MALICIOUS),
        (b"cbuiltins\nmap\n(cbuiltins\ngetattr\nNtR.", "pickle.dangerous-call", Verdict.MALICIOUS),
        (b"cfunctools\npartial\n(cos\nsystem\ntR.", "pickle.dangerous-call", Verdict.MALICIOUS),
        (b"cfunctools\npartial\n(cbuiltins\ngetattr\ntR.", "pickle.dangerous-call",
         Verdict.MALICIOUS),
        (b"coperator\nattrgetter\n(S'__globals__'\ntR.", "pickle.dangerous-call",
         Verdict.MALICIOUS),
        (b"c_codecs\nencode\n(S'flfgrz'\nS'rot13'\ntR.", "pickle.indirect", Verdict.SUSPICIOUS),
        (b"\x82\x01.", "pickle.extension-code", Verdict.SUSPICIOUS),
        (b"cnumpy\nndarray\n}b.", "pickle.attribute-write", Verdict.SUSPICIOUS),
        (b"N\x8c\x01a\x93.", "pickle.unresolved-name", Verdict.SUSPICIOUS),
        (b"N)R.", "pickle.unresolved-call", Verdict.SUSPICIOUS),
        (b"cbuiltins\ntype\n(S'X'\n)}tR.", "pickle.indirect", Verdict.SUSPICIOUS),
    ],
)  # fmt: skip
def test_techniques(data: bytes, rule: str, expected: Verdict) -> None:
    data = b"\x80\x04" + data.removeprefix(b"\x80\x04")
    assert rule in rules(data)
    assert verdict(data) is expected


def test_every_stream_of_a_file_is_read() -> None:
    assert verdict(pickle.dumps(1) * 3) is Verdict.CLEAN
    assert verdict(pickle.dumps([1, 2]) + EVIL) is Verdict.MALICIOUS
    assert "pickle.trailing-bytes" in rules(pickle.dumps([1, 2]) + b"\xfe" * 9000)


def test_a_broken_stream_keeps_its_findings() -> None:
    found = rules(b"\x80\x04" + EVIL[:-1] + b"\xff\xff")
    assert {"pickle.dangerous-call", "pickle.truncated"} <= found
    data = pickle.dumps([1, Runs(), "x" * 50], 4)
    for cut in range(60, len(data)):
        assert verdict(data[:cut]) in (Verdict.MALICIOUS, Verdict.SUSPICIOUS)


@pytest.mark.parametrize(
    "constant",
    [
        b"\x80\x02" + EVIL,
        (b"\x80\x02" + EVIL).hex(),
        base64.b64encode(b"\x80\x02" + EVIL).decode(),
        b"\0\0" + EVIL,
        b"\x80\x02]X\0\2\0\0" + b"z" * 512 + b"a0" + EVIL,
    ],
)
def test_pickles_hidden_in_constants(constant: bytes | str) -> None:
    data = pickle.dumps({"w": constant}, 4)
    assert "pickle.nested" in rules(data)
    assert verdict(data) is Verdict.SUSPICIOUS


@pytest.mark.parametrize("filler", [0, 100, 70_000])
def test_bytes_loaded_by_torch_are_followed(filler: int) -> None:
    inner = b"\x80\x02]X" + filler.to_bytes(4, "little") + b"z" * filler + b"a0" + EVIL
    blob = b"B" + len(inner).to_bytes(4, "little") + inner
    data = b"\x80\x04ctorch.storage\n_load_from_bytes\n" + blob + b"\x85R."
    assert verdict(data) is Verdict.MALICIOUS
    quiet = inner.replace(EVIL, b"N.")
    blob = b"B" + len(quiet).to_bytes(4, "little") + quiet
    data = b"\x80\x04ctorch.storage\n_load_from_bytes\n" + blob + b"\x85R."
    assert verdict(data) is Verdict.CLEAN


def dumped(thing: Any) -> bytes:
    out = io.BytesIO()
    joblib.dump(thing, out)
    return out.getvalue()


@pytest.mark.parametrize("dtype", ["f8", "f4", "i1", "bool", "c16", "U7", "M8[s]", "S3"])
def test_joblib_arrays_are_stepped_over_exactly(dtype: str) -> None:
    arrays = {"a": np.zeros(777, dtype), "b": [np.ones((3, 5), "f8"), np.zeros(0, dtype)], "c": 1}
    into = examine(dumped(arrays), "m.joblib")
    assert [f for f in into.findings if f.severity is not Severity.INFO] == []
    assert into.coverage is Coverage.FULL
    assert into.parameters == 777 + 15


def test_what_follows_a_joblib_array_is_read() -> None:
    data = dumped({"a": np.zeros(100), "z": [1]})
    assert verdict(dumped([np.random.default_rng(1).bytes(9000), np.ones(5000), Runs()]),
                   "m.joblib") is Verdict.MALICIOUS  # fmt: skip
    assert verdict(data + EVIL) is Verdict.MALICIOUS
    assert verdict(dumped([np.array([Runs(), 2], dtype=object)])) is Verdict.MALICIOUS


def test_a_joblib_array_that_plain_pickle_would_execute() -> None:
    payload = b"0" + EVIL
    wrapper = (
        b"\x80\x02cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}("
        b"X\x05\0\0\0shapeK" + bytes([len(payload)]) + b"\x85"
        b"X\x05\0\0\0dtypecnumpy\ndtype\n(X\x02\0\0\0u1\x89\x88tRub"
    )
    # joblib.load steps over the payload as an array; pickle.load runs it.
    data = wrapper + payload + b"."
    assert "pickle.dangerous-call" in rules(data)
    assert verdict(data) is Verdict.MALICIOUS
    assert verdict(wrapper + b"\0" * len(payload) + b".") is Verdict.CLEAN


def test_numpy_object_arrays() -> None:
    out = io.BytesIO()
    np.save(out, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert rules(out.getvalue()) >= {"numpy.object-array"}
    out = io.BytesIO()
    np.save(out, np.array([Runs()], dtype=object), allow_pickle=True)
    assert verdict(out.getvalue(), "a.npy") is Verdict.MALICIOUS
    out = io.BytesIO()
    np.save(out, np.zeros(100))
    assert verdict(out.getvalue(), "a.npy") is Verdict.CLEAN


def torch_zip(pickled: bytes, extra: dict[str, bytes] | None = None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
        archive.writestr("archive/version", "3\n")
        archive.writestr("archive/data/0", b"\0" * 64)
        for name, data in (extra or {}).items():
            archive.writestr(name, data)
    return out.getvalue()


STATE = (
    b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\n"
    b"X\x01\0\0\x000X\x03\0\0\0cpuK\x10tQK\0K\x10\x85K\x01\x85\x89ccollections\nOrderedDict\n"
    b")RtR."
)


def test_torch_zip() -> None:
    into = examine(torch_zip(STATE), "model.pt")
    assert verdict_of(into.findings, into.coverage) is Verdict.CLEAN
    assert (into.parameters, into.dtypes) == (16, {"float"})
    assert verdict(torch_zip(b"\x80\x02" + EVIL)) is Verdict.MALICIOUS
    assert verdict(torch_zip(STATE, {"archive/data/1": b"\x80\x02" + EVIL})) is Verdict.MALICIOUS
    assert verdict(torch_zip(STATE, {"archive/extra/x.pkl": EVIL})) is Verdict.MALICIOUS


def test_torchscript() -> None:
    scripted = {"archive/constants.pkl": b"\x80\x02).", "archive/code/__torch__.py": b"class M:\n"}
    data = torch_zip(b"\x80\x02c__torch__\nM\n)\x81}b.".replace(b"__torch__\nM", b"__torch__.a\nM"),
                     scripted)  # fmt: skip
    assert verdict(data) is Verdict.CLEAN
    scripted["archive/code/__torch__.py"] = b'  x = torch.from_file("/etc/passwd", False, 9)\n'
    assert verdict(torch_zip(b"\x80\x02N.", scripted)) is Verdict.MALICIOUS
    scripted["archive/code/__torch__.py"] = b"import os\n"
    assert verdict(torch_zip(b"\x80\x02N.", scripted)) is Verdict.SUSPICIOUS


def test_legacy_torch() -> None:
    magic = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
    streams = magic + b"\x80\x02M\xe9\x03." + b"\x80\x02}." + STATE + b"\x80\x02]X\x01\0\0\x000a."
    whole = streams + (16).to_bytes(8, "little") + b"\0" * 64
    into = examine(whole, "model.pt")
    assert [f for f in into.findings if f.severity is not Severity.INFO] == []
    assert into.coverage is Coverage.FULL
    assert "torch.layout" in rules(whole + b"more")
    assert verdict(whole.replace(STATE, b"\x80\x02" + EVIL)) is Verdict.MALICIOUS


def test_floods_do_not_bury_the_worst() -> None:
    lesser = b"".join(b"cmylib\nf%d\n)R0" % n for n in range(2000))
    assert verdict(b"\x80\x02" + lesser + EVIL) is Verdict.MALICIOUS
    blind = b"N)R0" * 2000
    assert verdict(b"\x80\x02" + blind + EVIL) is Verdict.MALICIOUS


def test_evidence_is_printable() -> None:
    for finding in examine(b"\x80\x04V\\u001b[2J\\ud800\nVx\\u202e\n\x93)R.").findings:
        (finding.message + finding.evidence).encode()
        assert (finding.message + finding.evidence).isprintable()


def test_no_allowed_name_is_a_dangerous_one() -> None:
    never = {"getattr", "setattr", "eval", "exec", "open", "__import__", "partial", "attrgetter",
             "methodcaller", "_load_from_bytes", "map", "filter", "reduce"}  # fmt: skip
    assert not {name for _, name in allowed_names()} & never
    assert not is_allowed("os", "system")
    assert is_allowed("__builtin__", "set")
    assert not {pair for pair in allowed_names() if why_dangerous(*pair)}


@settings(max_examples=250, deadline=3000)
@given(st.data())
def test_mutated_files_raise_nothing(data: st.DataObject) -> None:
    samples = [dumped({"a": np.zeros(9), "b": [1]}), torch_zip(STATE), pickle.dumps([Runs(), 1], 2)]
    changed = bytearray(data.draw(st.sampled_from(samples)))
    for _ in range(data.draw(st.integers(1, 5))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ArtifactError):
        examine(bytes(changed))


def test_the_corpus_is_judged() -> None:
    root = shared("corpus", "scanning")
    with (root / "dev.csv").open(encoding="utf-8") as table:
        rows = [row for row in csv.DictReader(table) if row["path"].endswith((".pkl", ".pt"))]
    caught = {"malicious": 0, "benign": 0}
    total = dict(caught)
    for row in rows:
        data = (root / row["path"]).read_bytes()
        if row["label"] not in total or not sniff(BytesSource(data), row["path"]).format.startswith(
            ("pickle", "torch", "joblib")
        ):
            continue
        total[row["label"]] += 1
        flagged = verdict(data, row["path"]) in (Verdict.MALICIOUS, Verdict.SUSPICIOUS)
        caught[row["label"]] += flagged
    assert caught["malicious"] >= 0.98 * total["malicious"]
    assert caught["benign"] <= 0.02 * total["benign"]


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        (b"def f(self):\n  torch . save(x, 'a')\n", "torchscript.files"),
        (b"def f(self):\n  x = ops.aten.from_file('a', True)\n", "torchscript.files"),
        (b"import os\n", "torchscript.import"),
        (b"def f(self):\n  eval('1')\n", "torchscript.import"),
        (b"import __torch__.a\n# torch.save(x)\ns = 'torch.load(x)'\n", ""),
        (b"def f(self):\n  return (self).open(getattr(self, '0'))\n", ""),
    ],
)
def test_torchscript_source_is_read_by_tokens(code: bytes, rule: str) -> None:
    into = Examination(DEFAULT_LIMITS)
    examine_script(Context("m.pt", "torchscript", DEFAULT_LIMITS), BytesSource(code), into)
    assert {finding.rule for finding in into.findings} == ({rule} if rule else set())


def test_carried_functions_are_judged_by_what_they_reach() -> None:
    head = b"ccloudpickle.cloudpickle\n_make_function\n(ccloudpickle.cloudpickle\n_builtin_type\n"
    build = head + b"(VCodeType\ntR(K\x00C\x00(V%b\nttR}tR"
    assert verdict(build % b"mean" + b".") is Verdict.SUSPICIOUS
    assert verdict(build % b"check_output" + b".") is Verdict.MALICIOUS
    assert verdict(build % b"mean" + b")R.") is Verdict.MALICIOUS


def test_persistent_ids_of_other_programs_are_reported() -> None:
    assert "torch.persistent-id" in rules(b"Pwhatever\n.")
    assert "torch.persistent-id" in rules(b"\x80\x02X\x02\0\0\0idQ.")


def test_a_frame_that_ends_before_stop_is_reported() -> None:
    framed = b"\x80\x05\x95" + (5).to_bytes(8, "little") + b"J\x07\0\0\0."
    assert "pickle.framing" in rules(framed)
    assert "pickle.framing" not in rules(pickle.dumps("plain text", 5))
    assert "pickle.framing" not in rules(pickle.dumps([b"x" * 70_000, "a"], 5))
