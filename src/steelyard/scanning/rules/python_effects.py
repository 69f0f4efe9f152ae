# SPDX-License-Identifier: Apache-2.0
"""Judges what a walk over a Python file meets: what is run, sent, written, loaded, and where.

The same call weighs differently by place and by what it is handed. A program started on import is
hostile; one in a function is for a person to read; a compiler that is asked its version is neither.
"""

from __future__ import annotations

import ast
import re

from msgspec import Struct

from steelyard.kernel.finding import SEVERITY_ORDER, Severity
from steelyard.scanning.rules.python_calls import known_text
from steelyard.scanning.rules.python_commands import Command, command_of
from steelyard.scanning.rules.python_expressions import Expressions
from steelyard.scanning.rules.python_given import Given
from steelyard.scanning.rules.python_tables import (
    CALLBACKS,
    LOADERS,
    NATIVE,
    NETWORK,
    PERSISTENCE_PATH,
    PROCESS,
    RUN_PLAIN,
    RUN_TEXT,
    SENDS,
    SHELL,
    WRITES,
)
from steelyard.scanning.rules.python_values import Value, marks_of

CRITICAL, HIGH, MEDIUM, LOW, INFO = tuple(Severity)
_SECRETS = frozenset({"environment", "credentials"})
_STORES = frozenset({"os.environ", "sys", "builtins"})
_WRITE_MODE = re.compile(r"[wax+]")
_TRUSTING = ("from_pretrained", "from_config", "load_dataset", "pipeline", "SentenceTransformer",
             "snapshot_download", "CrossEncoder", "LLM", "load_metric")  # fmt: skip
_SHOWN = 200


class Effect(Struct, frozen=True):
    """One thing the file does: rule key, severity, sentence, line and source text."""

    rule: str
    severity: Severity
    message: str
    line: int
    evidence: str
    inner: str = ""
    """Code that was hidden in a constant and is run."""


class Effects:
    """Collects effects; of several at one place the gravest is kept."""

    def __init__(self, *, install: bool = False) -> None:
        self._install = install
        self._found: dict[tuple[int, str], Effect] = {}

    def found(self) -> list[Effect]:
        """Return everything met, in the order of the lines."""
        return sorted(self._found.values(), key=lambda effect: (effect.line, effect.rule))

    def call(self, node: ast.AST, dotted: str, flow: Expressions, given: Given) -> None:
        """Judge one call."""
        if dotted in RUN_TEXT:
            self._run_text(node, dotted, flow, given)
        elif dotted in PROCESS:
            self._process(node, dotted, flow, given)
        elif dotted in LOADERS:
            if not any("dump" in name for name in given.first().names):  # its own, a copy
                self._load(node, dotted, flow, LOADERS[dotted])
        elif dotted in NATIVE:
            self._native(node, dotted, flow, given)
        elif dotted in CALLBACKS:
            self._callback(node, flow, given)
        elif dotted in ("builtins.open", "io.open", "os.open") or dotted in WRITES:
            self._file(node, dotted, flow, given)
        elif NETWORK.match(dotted):
            self._network(node, dotted, flow, given)
        else:
            self._other(node, dotted, flow, given)

    def _other(self, node: ast.AST, dotted: str, flow: Expressions, given: Given) -> None:
        last = dotted.rpartition(".")[2]
        if dotted == "os.dup2" and "socket" in marks_of(given.all()):
            self._add("reverse-shell", CRITICAL, node, flow,
                      "ties a program's input and output to a network connection")  # fmt: skip
        elif dotted.endswith((".?", ".?()")) and flow.at_import:
            self._add("obfuscated", CRITICAL, node, flow,
                      f"calls a function of {dotted.partition('.')[0]} whose name it computes")  # fmt: skip  # noqa: E501
        elif dotted.startswith("?.__") and dotted.endswith("__subclasses__"):
            self._add("obfuscated", HIGH if flow.at_import else MEDIUM, node, flow,
                      "searches all classes of the process for one it does not name")  # fmt: skip
        elif dotted == "shutil.rmtree":
            self._delete(node, flow, given)
        elif dotted in ("torch.load", "numpy.load", "yaml.load", "yaml.load_all"):
            self._load_option(node, dotted, flow, given)
        elif dotted == "torch.hub.load":
            self._add("trust-remote-code", MEDIUM, node, flow,
                      "fetches another repository and imports its code")  # fmt: skip
        elif dotted.startswith(("setuptools.setup", "distutils.core.setup")):
            self._setup(flow, given)
        elif "trust_remote_code" in given.keywords:
            self._trust(node, last, flow, given)
        elif dotted in ("sys.meta_path.insert", "sys.meta_path.append", "sys.path_hooks.insert"):
            self._add("hooks-imports", LOW, node, flow, "puts itself between imports and Python")

    def assign(self, node: ast.AST, target: str, value: Value, flow: Expressions) -> None:
        """Judge a built-in function replaced, or a special method that is a dangerous function."""
        grave = next((n for n in sorted(value.names) if _is_sink(n)), "")
        if target.startswith("builtins.") and target.count(".") == 1:
            if target.rpartition(".")[2].strip("_") in ("import", "open", "exec", "eval", "compile",
                                                         "input"):  # fmt: skip
                self._add("hooks-imports", HIGH if grave else MEDIUM, node, flow,
                          f"replaces {target} for the whole process")  # fmt: skip
        elif grave and target.startswith("__") and target.endswith("__"):
            self._add("obfuscated", CRITICAL if flow.at_import else HIGH, node, flow,
                      f"makes an operator ({target}) call {grave}")  # fmt: skip
        elif grave and "." in target and target.partition(".")[0] in ("sys", "builtins"):
            self._add("obfuscated", HIGH, node, flow, f"makes {target} call {grave}")

    def reduce(self, node: ast.AST, value: Value, flow: Expressions) -> None:
        """Judge what ``__reduce__`` gives a pickle to call."""
        first = value.items[0] if value.items else None
        grave = next((n for n in sorted(first.names) if _is_sink(n)), "") if first else ""
        if grave:
            self._add("builds-pickle", HIGH, node, flow,
                      f"makes pickles of its objects call {grave} when they are loaded")  # fmt: skip  # noqa: E501

    def _run_text(self, node: ast.AST, dotted: str, flow: Expressions, given: Given) -> None:
        first = given.first()
        marks = marks_of([first])
        what = dotted.removeprefix("builtins.")
        inner = first.text if dotted in RUN_PLAIN else ""
        if {"decoded"} & marks:
            severity = CRITICAL if flow.at_import else HIGH
            self._add("runs-hidden-code", severity, node, flow,
                      f"decodes hidden text and runs it as Python ({what})", inner)  # fmt: skip
        elif "downloaded" in marks:
            severity = CRITICAL if flow.at_import or "socket" in marks else HIGH
            self._add("runs-downloaded-code", severity, node, flow,
                      f"runs what it received over the network as Python ({what})")  # fmt: skip
        elif inner:
            self._add(
                "runs-text", LOW, node, flow, f"runs a constant text as Python ({what})", inner
            )
        elif isinstance(node, ast.expr) and not isinstance(node, ast.Call) and flow.at_import:
            self._add("executes", CRITICAL, node, flow, f"uses {what} as a decorator")
        elif dotted.startswith("runpy.") and not self._install:
            severity = HIGH if flow.at_import else MEDIUM
            self._add("runs-text", severity, node, flow, f"runs another file as Python ({what})")
        elif "file" in marks and flow.at_import and not self._install:
            self._add("runs-text", MEDIUM, node, flow, f"runs the text of another file ({what})")
        elif dotted in RUN_PLAIN and first.names != frozenset({"builtins.compile()"}):
            severity = LOW if len(given.args) > 1 and what == "eval" else MEDIUM
            self._add("runs-text", severity, node, flow,
                      f"runs a text it is given as Python ({what})")  # fmt: skip

    def _process(self, node: ast.AST, dotted: str, flow: Expressions, given: Given) -> None:
        command = command_of(dotted, given)
        marks = marks_of(given.all())
        if command.hostile:
            self._add("hostile-command", CRITICAL, node, flow,
                      f"starts a command no model needs: {command.line[:120]}")  # fmt: skip
        elif "socket" in _streams(given):
            self._add("reverse-shell", CRITICAL, node, flow,
                      f"hands a network connection to a program it starts ({dotted})")  # fmt: skip
        elif marks & {"decoded", "downloaded"}:
            severity = CRITICAL if flow.at_import else HIGH
            self._add("runs-hidden-code", severity, node, flow,
                      f"starts a program by a hidden or downloaded text ({dotted})")  # fmt: skip
        elif not command.empty:
            self._program(node, dotted, flow, command, given)

    def _program(self, node: ast.AST, dotted: str, flow: Expressions, command: Command,
                 given: Given) -> None:  # fmt: skip
        shown = f" {command.line[:80]!r}" if command.line else ""
        if command.probe:
            self._add("starts-program", INFO, node, flow, f"asks the tool{shown} something")
        elif flow.at_import:
            known = command.known and not command.installs
            asks = command.build or (command.quiet and _is_read(dotted, given))
            severity = CRITICAL if known and not asks else HIGH
            if self._install and not known:
                severity = MEDIUM
            self._add("executes", severity, node, flow, f"starts a program{shown} ({dotted})")
        elif command.installs:
            self._add("installs-packages", MEDIUM, node, flow, f"installs packages{shown}")
        else:
            severity = HIGH if dotted in SHELL and command.line else (
                MEDIUM if dotted in SHELL or command.shell or not command.build else LOW)  # fmt: skip  # noqa: E501
            self._add("starts-program", severity, node, flow, f"starts a program{shown} ({dotted})")

    def _load(self, node: ast.AST, dotted: str, flow: Expressions, kind: str) -> None:
        self._add("unsafe-load", MEDIUM, node, flow,
                  f"loads {kind} with {dotted}, which runs what the data say")  # fmt: skip

    def _load_option(self, node: ast.AST, dotted: str, flow: Expressions, given: Given) -> None:
        if not isinstance(node, ast.Call):
            return
        options = {item.arg: item.value for item in node.keywords}
        if dotted == "torch.load":
            flag = options.get("weights_only")
            unsafe = isinstance(flag, ast.Constant) and flag.value is False
            text = "loads a pickle with torch.load(weights_only=False)"
            self._add("unsafe-load", MEDIUM if unsafe else INFO, node, flow,
                      text if unsafe else "loads weights with torch.load")  # fmt: skip
        elif dotted == "numpy.load":
            flag = options.get("allow_pickle")
            if isinstance(flag, ast.Constant) and flag.value is True:
                self._load(node, "numpy.load(allow_pickle=True)", flow, "a pickle")
        else:
            loader = given.at(1, "Loader")
            unsafe = not loader.names or any(
                n.endswith(("UnsafeLoader", "yaml.Loader", "FullLoader", "CLoader"))
                for n in loader.names
            )
            if unsafe and ("Loader" not in options or loader.names):
                self._load(node, dotted, flow, "YAML that may build any object")

    def _native(self, node: ast.AST, dotted: str, flow: Expressions, given: Given) -> None:
        path = known_text(given.at(0, "name"))
        strange = bool(re.match(r"(?:/tmp/|/var/tmp/|/dev/shm/|\.{1,2}/)", path))
        severity = HIGH if strange and flow.at_import else MEDIUM if strange else LOW
        if dotted.endswith(("load_inline", "cpp_extension.load")):
            severity = MEDIUM
        shown = f" {path[:80]!r}" if path else ""
        self._add("native-code", severity, node, flow, f"loads machine code{shown} ({dotted})")

    def _callback(self, node: ast.AST, flow: Expressions, given: Given) -> None:
        rest = [item for value in given.all() for item in (value.items or (value,))]
        for value in given.all():
            for dotted in sorted(value.names):
                if _is_sink(dotted):
                    others = [item for item in rest if item is not value]
                    self.call(node, dotted, flow, Given(others, {}))
            if value.local[:9] == "function:":
                flow.invoke(value.local[9:], [], {})

    def _file(self, node: ast.AST, dotted: str, flow: Expressions, given: Given) -> None:
        if dotted.endswith("open"):
            mode = given.at(1, "mode").text
            if not _WRITE_MODE.search(mode):
                return
            path = known_text(given.first())
        elif dotted.startswith("pathlib"):
            path = known_text(given.base)
        else:
            path = known_text(given.at(1, "dst"))
        found = PERSISTENCE_PATH.search(path)
        if found:
            self._add("persists", CRITICAL if flow.at_import else HIGH, node, flow,
                      f"writes {path[-80:]!r}, which runs or unlocks something later")  # fmt: skip

    def _network(self, node: ast.AST, dotted: str, flow: Expressions, given: Given) -> None:
        sent = marks_of([*given.args, *given.keywords.values()])
        last = dotted.rpartition(".")[2]
        sends = bool(SENDS.match(last))
        if sends and sent & _SECRETS:
            self._add("exfiltrates", CRITICAL, node, flow,
                      f"sends {_named(sent & _SECRETS)} to another machine ({dotted})")  # fmt: skip
        elif sends and flow.at_import and sent & {"host", "token"}:
            self._add("exfiltrates", CRITICAL, node, flow,
                      f"sends {_named(sent & {'host', 'token'})} to another machine ({dotted})")  # fmt: skip  # noqa: E501
        elif sends and "token" in marks_of([v for k, v in given.keywords.items()
                                            if k in ("data", "json", "params", "files")]):  # fmt: skip  # noqa: E501
            self._add("exfiltrates", HIGH, node, flow,
                      f"sends an access token in the content of a request ({dotted})")  # fmt: skip
        elif flow.at_import:
            self._add("network-on-import", HIGH, node, flow, f"talks to another machine ({dotted})")
        else:
            self._add("network", INFO, node, flow, f"talks to another machine ({dotted})")

    def _delete(self, node: ast.AST, flow: Expressions, given: Given) -> None:
        path = given.first().text
        if path in ("/", "~", "~/", "/home", "/root", "C:\\", "/etc", "/usr", "/var"):
            self._add("destroys-files", CRITICAL, node, flow, f"deletes {path!r} whole")
        elif flow.at_import and not self._install:
            self._add("destroys-files", MEDIUM, node, flow, "deletes a directory")

    def _trust(self, node: ast.AST, last: str, flow: Expressions, given: Given) -> None:
        if not isinstance(node, ast.Call) or last not in _TRUSTING:
            return
        options = {item.arg: item.value for item in node.keywords}
        flag = options.get("trust_remote_code")
        if isinstance(flag, ast.Constant) and flag.value is True:
            self._add("trust-remote-code", MEDIUM, node, flow,
                      f"loads another model's own code ({last} with trust_remote_code=True)")  # fmt: skip  # noqa: E501

    def _setup(self, flow: Expressions, given: Given) -> None:
        """Commands that ``setup`` is given run when the package is installed."""
        commands = given.keywords.get("cmdclass")
        for value in (commands.fields or {}).values() if commands else ():
            flow.follow_class(value, ("run", "initialize_options", "finalize_options", "__init__"))

    def _add(self, key: str, severity: Severity, node: ast.AST, flow: Expressions, what: str,
             inner: str = "") -> None:  # fmt: skip
        line = getattr(node, "lineno", 0)
        place = (line, key)
        known = self._found.get(place)
        if known and SEVERITY_ORDER.index(known.severity) <= SEVERITY_ORDER.index(severity):
            return
        if flow.at_import:
            who = "Installing the package" if self._install else "Importing the file"
        else:
            who = f"The function {flow.function!r}" if flow.function else "Running the file"
        self._found[place] = Effect(f"code.{key}", severity, f"{who} {what}.", line,
                                    _shown(node), inner)  # fmt: skip


def _streams(given: Given) -> frozenset[str]:
    """Return the marks of what a program reads from and writes to."""
    return marks_of(v for k, v in given.keywords.items() if k in ("stdin", "stdout", "stderr"))


def _is_read(dotted: str, given: Given) -> bool:
    """Tell whether a call keeps what the program prints: it asks rather than acts."""
    keeps = {"stdout", "capture_output"} & given.keywords.keys()
    return bool(keeps) or dotted.endswith(("output", "popen"))


def _is_sink(dotted: str) -> bool:
    return dotted in RUN_TEXT or dotted in PROCESS or dotted in (
        "pickle.loads", "marshal.loads", "builtins.compile", "builtins.__import__")  # fmt: skip


def _named(marks: frozenset[str]) -> str:
    words = {"environment": "the whole environment", "credentials": "files that hold credentials",
             "host": "the name of the machine or user", "token": "an access token"}  # fmt: skip
    return " and ".join(words[mark] for mark in sorted(marks))


def _shown(node: ast.AST) -> str:
    """Return the source of a node, cut short before it is written out."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return f"def {node.name}"
    try:
        return _brief(node)
    except RecursionError:
        return ""


def _brief(node: ast.AST) -> str:
    """Unparse a call with long constants cut, so that a megabyte of text costs nothing."""
    size = 0
    for count, part in enumerate(ast.walk(node)):
        value = part.value if isinstance(part, ast.Constant) else ""
        size += len(value) if isinstance(value, str | bytes) else 1
        if count > 300 or size > 5000:
            func = node.func if isinstance(node, ast.Call) else None
            return f"{ast.unparse(func)}(…)" if isinstance(func, ast.Name | ast.Attribute) else ""
    return ast.unparse(node)[:_SHOWN]
