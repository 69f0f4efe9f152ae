# SPDX-License-Identifier: Apache-2.0
"""No callable of the standard library or of an installed package comes out clean unreviewed.

The list of callables is made in a subprocess, because importing modules has effects. Each is put
into the two smallest pickles that call it; none is ever loaded.
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys

import pytest

from steelyard.artifacts.pickle import OpcodeReader
from steelyard.artifacts.source import BytesSource
from steelyard.kernel.finding import Severity
from steelyard.kernel.limits import DEFAULT_LIMITS
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.pickles.interpreter import WATCHED, Machine
from steelyard.scanning.pickles.judge import Judge
from steelyard.scanning.pickles.names import allowed_names, is_allowed, why_dangerous

_PACKAGES = (
    "numpy", "joblib", "safetensors", "onnx", "jinja2", "click", "rich", "pytest", "hypothesis",
    "cryptography", "msgspec", "huggingface_hub", "sklearn", "torch", "scipy", "pandas", "yaml",
)  # fmt: skip
_LISTING = """
import contextlib, importlib, io, json, pkgutil, sys
skip = {"antigravity", "this", "idlelib", "turtle", "turtledemo", "tkinter", "test", "lib2to3",
        "__main__", "ensurepip", "pip", "distutils", "msilib", "winreg", "sre_compile"}
names = sorted(set(sys.stdlib_module_names) - skip)
names += ["importlib.util", "importlib.machinery", "os.path", "logging.config", "logging.handlers",
          "multiprocessing.pool", "multiprocessing.util", "concurrent.futures", "urllib.request",
          "http.client", "http.server", "xmlrpc.client", "email.utils", "json.tool",
          "unittest.mock", "xml.dom.minidom", "ctypes.util", "curses.ascii", "wsgiref.util"]
found = []
with contextlib.redirect_stdout(io.StringIO()):
    for name in names + sys.argv[1:]:
        try:
            module = importlib.import_module(name)
        except BaseException:
            continue
        for key, value in list(vars(module).items()):
            if callable(value):
                found.append((name, key))
print(json.dumps(found))
"""
_HARMLESS_FUNCTIONS = {
    "__builtin__": "abs all any ascii bin chr divmod enumerate hash hex id isinstance issubclass "
    "iter len long max min next oct ord repr reversed round sorted sum unichr zip",
    "builtins": "abs all any ascii bin chr divmod enumerate hash hex id isinstance issubclass iter "
    "len max min next oct ord repr reversed round sorted sum zip",
    "copyreg": "_reconstructor __newobj__ __newobj_ex__",
    "re": "_compile",
    "array": "_array_reconstructor",
    "logging": "getLogger",
    "copy_reg": "_reconstructor",
    "itertools": "izip",
}
"""Functions that only compute a value from what they are handed, or look one up."""
_HARMLESS_TYPES = frozenset({
    "bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "object",
    "range", "set", "slice", "str", "tuple", "date", "datetime", "time", "timedelta", "timezone",
    "OrderedDict", "Counter", "deque", "defaultdict", "ChainMap", "UserDict", "UserList",
    "Decimal", "Fraction", "UUID", "SafeUUID", "PurePath", "PurePosixPath", "PureWindowsPath",
    "PosixPath", "Namespace", "SimpleNamespace", "RegexFlag", "Pattern", "array", "IPv4Address",
    "IPv6Address", "IPv4Network", "Random", "Template", "struct_time", "mappingproxy",
    "MappingProxyType", "NoneType", "ellipsis", "NotImplementedType", "Ellipsis", "NotImplemented",
    "itemgetter", "unicode", "xrange", "basestring", "buffer", "UserString",
})  # fmt: skip
"""Types whose instances hold data and do nothing when built."""


@functools.cache
def callables() -> list[tuple[str, str]]:
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _LISTING, *_PACKAGES],
        capture_output=True, check=True, timeout=120, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return [(module, name) for module, name in json.loads(run.stdout.splitlines()[-1])]


def severities(data: bytes) -> list[Severity]:
    """Judge one stream as the scanner does, without the file around it."""
    into = Examination(DEFAULT_LIMITS)
    source = BytesSource(data)
    judge = Judge(Context("gadget.pkl", "pickle", DEFAULT_LIMITS), source, into)
    machine = Machine(DEFAULT_LIMITS, None, judge.judge_call)
    machine.run(OpcodeReader(source, 0, DEFAULT_LIMITS))
    judge.judge(machine)
    return [finding.severity for finding in into.findings]


def text_of(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n(S'x'\ntR.".encode()


def stacked(module: str, name: str) -> bytes:
    one, two = module.encode(), name.encode()
    return b"\x80\x04\x8c%c%b\x8c%c%b\x93\x8c\x01x\x85R." % (len(one), one, len(two), two)


def passes(data: bytes) -> bool:
    return all(found in (Severity.LOW, Severity.INFO) for found in severities(data))


def test_what_comes_out_clean_is_on_the_list() -> None:
    assert len(callables()) > 5_000
    clean = {
        pair
        for pair in callables()
        if len(pair[0]) < 200 and len(pair[1]) < 200
        and (passes(text_of(*pair)) or passes(stacked(*pair)))
    }  # fmt: skip
    unlisted = {pair for pair in clean if not is_allowed(*pair) and pair not in WATCHED}
    assert not unlisted


def test_functions_of_the_standard_library_are_malicious() -> None:
    functions = [
        (module, name)
        for module, name in callables()
        if module.partition(".")[0] in sys.stdlib_module_names and name.islower()
        and not is_allowed(module, name) and (module, name) not in WATCHED
    ]  # fmt: skip
    missed = {
        pair
        for pair in functions[::3]
        if Severity.CRITICAL not in severities(stacked(*pair))
    }  # fmt: skip
    # Code objects are judged by what they reach: at least high.
    assert {module for module, _ in missed} <= {"types"}


def harmless(module: str, name: str) -> bool:
    if name in _HARMLESS_FUNCTIONS.get(module, "").split() or name in _HARMLESS_TYPES:
        return True
    return module in ("builtins", "__builtin__", "exceptions") and name.endswith(
        ("Error", "Exception", "Exit", "Interrupt", "Warning", "Iteration", "Group")
    )


def test_every_allowed_name_of_the_standard_library_is_reviewed() -> None:
    standard = set(sys.stdlib_module_names) | {"__builtin__", "copy_reg", "exceptions"}
    unreviewed = {
        (module, name)
        for module, name in allowed_names()
        if module.partition(".")[0] in standard and not harmless(module, name)
    }
    assert not unreviewed


def test_no_allowed_name_is_dangerous_or_watched() -> None:
    for module, name in allowed_names():
        assert not why_dangerous(module, name), (module, name)
        assert (module, name) not in WATCHED
        assert "." not in name


@pytest.mark.parametrize(
    ("module", "name", "text"),
    [
        ("some_package.tools", "run_script", "x"),
        ("other.deep.module", "fetch", "http://example.invalid/x"),
        ("library.core", "entry", "touch /tmp/x"),
        ("library", "unsafe_eval", "1"),
        ("a.b", "_load_lib", "./x.so"),
        ("a.b", "thing", "/etc/passwd"),
        ("mimetypes", "read_mime_types", "x"),
        ("wave", "open", "x"),
    ],
)
def test_unknown_calls_are_judged_by_what_they_are_handed(
    module: str, name: str, text: str
) -> None:
    data = f"c{module}\n{name}\n(S'{text}'\ntR.".encode()
    assert Severity.CRITICAL in severities(data)


@pytest.mark.parametrize(
    "data",
    [
        b"cmy_package.models\nSystemPrompt\n)\x81.",
        b"cmy_package.enums\nMode\n(S'epoch'\ntR.",
        b"cmy_package._native\n__pyx_unpickle_Tree\n(S'state'\ntR.",
        b"cmy_package.models\nCommandParser\n)\x81}b.",
    ],
)
def test_classes_of_unknown_packages_are_not_malicious(data: bytes) -> None:
    assert Severity.CRITICAL not in severities(data)


def test_names_of_the_loading_script() -> None:
    assert severities(b"c__main__\nModel\n)\x81.") == [Severity.LOW]
    assert severities(b"c__main__\nmain\n)R.") == [Severity.HIGH]
