# SPDX-License-Identifier: Apache-2.0
"""Plug-ins take part as pinned or not at all, behind the walls, and only say what they declared."""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

import pytest
from tests.scanning.plugin_samples import install, sandbox_sees

from steelyard.kernel.errors import UndecidedError
from steelyard.kernel.finding import Coverage, Verdict
from steelyard.kernel.inspection import Inspection, PluginRef
from steelyard.platform import sandbox
from steelyard.scanning.plugin_host import PluginFailure, load_plugins

ACME = PluginRef(name="acme", version="1.2")
POINTS = "[steelyard.scanners]\nacme = acme_plugin:Acme\n"
FORMAT_POINTS = "[steelyard.formats]\nacme = acme_plugin:Acme\n"
HEAD = """
from steelyard.scanning.plugins import *

class Acme(Plugin):
    name = "acme"
    formats = ("text",)
    rules = (ScannerRule(id="x-acme.word", title="A word", severity=Severity.HIGH, what="W."),)

"""
LOOKS = (
    HEAD
    + """
    def examine(self, context, source, into):
        data = source.read_at(0, source.size)
        if b"forbidden" in data:
            into.add("x-acme.word", Severity.HIGH, "The word is there.", location=context.at(""))
"""
)
FORMAT = """
from steelyard.scanning.plugins import *

class Acme(Plugin):
    name = "acme"
    formats = ("acme-weights",)
    rules = (ScannerRule(id="x-acme.evil", title="Evil", severity=Severity.CRITICAL),)

    def sniff(self, head, name):
        return "acme-weights" if head.startswith(b"\\x93ACME") else ""

    def examine(self, context, source, into):
        into.weights = True
        if source.size < 10:
            raise TruncatedArtifact("It ends too early.", offset=source.size)
        if b"evil" in source.read_at(0, 100):
            into.add("x-acme.evil", Severity.CRITICAL, "It is evil.")
"""


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "acme_plugin", raising=False)


def model_with(tmp_path: Path, **files: bytes) -> Path:
    model = tmp_path / "model"
    model.mkdir()
    for name, data in files.items():
        (model / name.replace("_", ".")).write_bytes(data)
    return model


def inspect(model: Path, *plugins: PluginRef) -> Inspection:
    return sandbox.inspect(model, plugins=plugins)


def test_a_scanner_takes_another_look_and_its_texts_reach_the_inspection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox_sees(monkeypatch, tmp_path, install(tmp_path / "site", LOOKS, points=POINTS))
    model = model_with(tmp_path, a_txt=b"a forbidden word", b_txt=b"an honest one")
    found = inspect(model, ACME)
    verdicts = {file.path: file.verdict for file in found.files}
    assert verdicts == {"a.txt": Verdict.SUSPICIOUS, "b.txt": Verdict.CLEAN}
    assert [(rule.id, rule.what) for rule in found.rules] == [("x-acme.word", "W.")]
    assert found.scanner.rules_digest != inspect(model).scanner.rules_digest


def test_without_being_named_nothing_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "raise RuntimeError('imported')\n"
    sandbox_sees(monkeypatch, tmp_path, install(tmp_path / "site", code, points=POINTS))
    found = inspect(model_with(tmp_path, a_txt=b"x"))
    assert {file.verdict for file in found.files} == {Verdict.CLEAN}
    assert found.rules == ()


@pytest.mark.parametrize(
    ("code", "ref", "why"),
    [
        (LOOKS, PluginRef(name="nobody", version="1"), "no installed distribution declares it"),
        (LOOKS, PluginRef(name="acme", version="1.3"), "acme-plugin 1.2 is installed, not 1.3"),
        (LOOKS, PluginRef(name="acme", version="1.2", group="steelyard.formats"), "declares it"),
        (LOOKS, PluginRef(name="acme", version="1.2", paths=("/etc",)), "reads no rules"),
        ("raise OSError('broken')\n", ACME, "OSError: broken"),
        ("raise SystemExit(3)\n", ACME, "SystemExit: 3"),
        ("x = 1\n", ACME, "AttributeError"),
        (LOOKS.replace('"acme"', '"other"'), ACME, "calls itself 'other'"),
        (LOOKS.replace("x-acme.word", "pickle.word"), ACME, "is not named x-acme."),
        (LOOKS.replace("x-acme.word", "x-acme.A b"), ACME, "is not named x-acme."),
        (LOOKS.replace('("text",)', "()"), ACME, "declares no formats"),
        (LOOKS.replace("rules = (", "rules = () and ("), ACME, "declares 0 rules"),
        (
            LOOKS.replace("    name =", '    distribution = "not-there"\n    name ='),
            ACME,
            "needs not-there, which is not installed",
        ),
    ],
)
def test_one_that_cannot_take_part_stops_the_examination(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, ref: PluginRef, why: str
) -> None:
    sandbox_sees(monkeypatch, tmp_path, install(tmp_path / "site", code, points=POINTS))
    model = model_with(tmp_path, a_txt=b"x")
    with pytest.raises(UndecidedError, match=f"plug-in '{ref.name}' cannot take part") as caught:
        inspect(model, ref)
    assert why in caught.value.message
    assert "Install the version" in caught.value.next_step


def test_two_distributions_of_one_plugin_stop_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = install(tmp_path / "site", LOOKS, points=POINTS)
    install(site, LOOKS, name="twin", points=POINTS)
    monkeypatch.syspath_prepend(str(site))
    with pytest.raises(PluginFailure, match="several distributions"):
        load_plugins([ACME])


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("raise ValueError('no')", "the plug-in acme failed: ValueError: no"),
        ("raise MemoryError", "MemoryError"),
        ("raise SystemExit", "SystemExit"),
        ("raise ArtifactError('Bad bytes.')", "Bad bytes."),
        ("into.add('pickle.import', Severity.INFO, 'x')", "does not declare"),
        ("into.gap(Coverage.NONE, 'not mine')", "not mine"),
        ("into.findings.append(3)", "nonsense"),
        ("into.load_calls = 7", "nonsense"),
        ("into.coverage = Coverage.PARTIAL", "gave no reason"),
    ],
)
def test_what_it_does_wrong_on_a_file_is_a_gap_of_that_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, why: str
) -> None:
    code = (
        f"{HEAD}\n    def examine(self, context, source, into):\n"
        f"        if source.read_at(0, 3) == b'bad':\n"
        f"            into.add('x-acme.word', Severity.INFO, 'Seen before.')\n"
        f"            {body}\n"
    )
    sandbox_sees(monkeypatch, tmp_path, install(tmp_path / "site", code, points=POINTS))
    found = inspect(model_with(tmp_path, a_txt=b"bad", b_txt=b"good"), ACME)
    bad, good = found.files
    assert good.verdict is Verdict.CLEAN
    assert bad.verdict is Verdict.UNREADABLE
    assert why in bad.coverage_reason
    assert [finding.rule for finding in bad.findings] == ["x-acme.word"]


def test_a_new_format_is_recognized_examined_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox_sees(monkeypatch, tmp_path, install(tmp_path / "site", FORMAT, points=FORMAT_POINTS))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("inner.bin", b"\x93ACME\x00\x01\x02 evil numbers")
    model = model_with(
        tmp_path,
        good_acme=b"\x93ACME\x00\x01\x02\xff\xfe numbers",
        evil_acme=b"\x93ACME\x00\x01\x02 evil numbers",
        short_acme=b"\x93ACME\x00",
        other_acme=b"\x92ACME\x00\x01\x02\xff\xfe",
        nested_zip=buffer.getvalue(),
    )
    found = {file.path: file for file in inspect(model, ACME).files}
    assert found["good.acme"].format == "acme-weights"
    assert found["good.acme"].verdict is Verdict.CLEAN
    assert found["good.acme"].traits.weights
    assert found["evil.acme"].verdict is Verdict.MALICIOUS
    assert found["nested.zip"].verdict is Verdict.MALICIOUS
    assert "ends too early" in found["short.acme"].coverage_reason
    assert found["other.acme"].coverage is Coverage.NONE
    assert {file.coverage for file in inspect(model).files} == {Coverage.NONE, Coverage.PARTIAL}


@pytest.mark.parametrize("taken", ["pickle", "safetensors", "image", "unknown", "A b"])
def test_a_format_that_is_examined_here_cannot_be_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: str
) -> None:
    code = FORMAT.replace("acme-weights", taken)
    monkeypatch.syspath_prepend(str(install(tmp_path / "site", code, points=FORMAT_POINTS)))
    with pytest.raises(PluginFailure, match="may not read the format"):
        load_plugins([ACME])


def test_a_sniffer_that_fails_or_makes_up_formats_is_a_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = FORMAT.replace('return "acme-weights" if', 'return name if name == "x.acme" else 1/0 if')
    sandbox_sees(monkeypatch, tmp_path, install(tmp_path / "site", code, points=FORMAT_POINTS))
    model = model_with(tmp_path, x_acme=b"\x93ACME\x00", y_acme=b"\x93ACME\x00", z_txt=b"text")
    found = {file.path: file for file in inspect(model, ACME).files}
    assert "a format it does not declare" in found["x.acme"].coverage_reason
    assert "ZeroDivisionError" in found["y.acme"].coverage_reason
    assert found["z.txt"].verdict is Verdict.CLEAN


def test_the_walls_hold_for_plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    code = (
        HEAD
        + f"""
    def examine(self, context, source, into):
        import os, socket
        tries = [
            lambda: open({str(secret)!r}).read(),
            lambda: open("/tmp/steelyard-was-here", "w"),
            lambda: socket.socket(),
            lambda: os.execv("/bin/true", ["true"]),
        ]
        for number, attempt in enumerate(tries):
            try:
                attempt()
            except OSError:
                continue
            into.add("x-acme.word", Severity.HIGH, f"Attempt {{number}} went through.")
"""
    )
    sandbox_sees(monkeypatch, tmp_path, install(tmp_path / "site", code, points=POINTS))
    found = inspect(model_with(tmp_path, a_txt=b"x"), ACME)
    if {"landlock", "seccomp"} - set(found.isolation):
        pytest.skip(f"this kernel refuses walls: {found.isolation}")
    assert found.files[0].findings == ()


def test_what_a_plugin_finds_inside_others_keeps_our_own_findings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = FORMAT.replace(
        "into.weights = True",
        "context.examine_nested(context.nested('body'), SliceSource(source, 8, 99), into)",
    )
    sandbox_sees(monkeypatch, tmp_path, install(tmp_path / "site", code, points=FORMAT_POINTS))
    model = model_with(tmp_path, a_acme=b"\x93ACME\x00\x01\x02cos\nsystem\n(S'true'\ntR.")
    (report,) = inspect(model, ACME).files
    assert report.verdict is Verdict.MALICIOUS
    assert report.coverage is Coverage.FULL
    assert report.findings[0].location.startswith("member body")


def test_rules_it_is_given_count_in_the_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = LOOKS + "\n    def configure(self, paths):\n        assert paths[0].is_dir()\n"
    monkeypatch.syspath_prepend(str(install(tmp_path / "site", code, points=POINTS)))
    rules = tmp_path / "rules"
    rules.mkdir()
    ref = PluginRef(name="acme", version="1.2", paths=(str(rules),))
    digests = set()
    for text in ("one", "two", "two"):
        (rules / "a").write_text(text)
        digests.add(load_plugins([ref]).digest("base"))
    assert len(digests) == 2
