# SPDX-License-Identifier: Apache-2.0
"""Examines Python beside the weights by its syntax tree; nothing is imported or run.

What stands at module level runs on import, so a dangerous call there is malicious; inside a
function it waits to be called, which a person must judge.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from typing import TypeGuard

from steelyard.artifacts.source import Source
from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.pickles.names import why_dangerous
from steelyard.scanning.rules.secrets import find_secrets
from steelyard.scanning.rules.text_files import read_bounded

_HARMLESS = frozenset({
    "os.path", "os.environ", "os.getenv", "os.makedirs", "os.listdir", "os.cpu_count", "os.getcwd",
    "os.sep", "os.fspath", "os.walk", "os.scandir", "os.stat", "os.mkdir", "sys.path",
    "sys.version_info", "sys.version", "sys.stdout", "sys.stderr", "sys.exit", "sys.argv",
    "sys.modules", "sys.platform", "sys.maxsize", "inspect.signature", "inspect.getfullargspec",
    "functools.partial", "functools.reduce", "io.BytesIO", "io.StringIO",
    "importlib.util.find_spec", "importlib.metadata.version", "threading.Thread",
    "threading.Lock", "threading.local", "builtins.map", "builtins.filter", "builtins.getattr",
    "builtins.setattr", "builtins.vars",
    "builtins.locals", "builtins.dir", "builtins.open", "collections.namedtuple", "pathlib.Path",
    "dataclasses.make_dataclass", "gc.collect", "glob.glob", "builtins.delattr", "torch.load",
    "numpy.load", "tempfile.TemporaryDirectory", "numpy.fromfile", "inspect.getsource",
    "typing.get_type_hints", "itertools.starmap", "operator.itemgetter", "operator.attrgetter",
    "torch.distributed", "numba.jit", "unittest.main",
})  # fmt: skip
"""Calls on the dangerous list that ordinary modeling code makes; everything else there counts."""


_MAIN_GUARDS = ("__name__ == '__main__'", "'__main__' == __name__")


def examine_python(context: Context, source: Source, into: Examination) -> None:
    """Examine one Python file."""
    into.remote_code = True
    data = read_bounded(context, source, into)
    find_secrets(context, data, into)
    into.add(
        "code.beside-weights",
        Severity.MEDIUM,
        "The model carries Python; a loader that trusts it runs it.",
        location=context.at(""),
        remedy="Review the code, pin its commit, and load it only where the charter allows.",
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        into.add(
            "code.unreadable",
            Severity.MEDIUM,
            f"The Python cannot be parsed: {type(error).__name__}.",
            location=context.at(f"line {getattr(error, 'lineno', 0) or 0}"),
        )
        into.gap(Coverage.PARTIAL, "the Python cannot be parsed")
        return
    _Reader(context, into).read(tree)


class _Reader:
    def __init__(self, context: Context, into: Examination) -> None:
        self._context, self._into = context, into
        self._aliases: dict[str, str] = {}
        self._seen: set[tuple[str, bool]] = set()

    def read(self, tree: ast.Module) -> None:
        """Learn the imports, then judge every call by where it stands."""
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for name in node.names:
                    local = name.asname or name.name.partition(".")[0]
                    self._aliases[local] = name.name if name.asname else local
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for name in node.names:
                    self._aliases[name.asname or name.name] = f"{node.module}.{name.name}"
        for call, at_import in _calls(tree, at_import=True):
            self._judge(call, at_import=at_import)

    def _judge(self, call: ast.Call, *, at_import: bool) -> None:
        dotted = self._dotted(call.func)
        if not dotted:
            return
        module, _, name = dotted.rpartition(".")
        if not module:
            module, dotted = "builtins", f"builtins.{name}"
        if any(dotted == safe or dotted.startswith(safe + ".") for safe in _HARMLESS):
            return
        why = why_dangerous(module, name)
        if not why or (dotted, at_import) in self._seen:
            return
        self._seen.add((dotted, at_import))
        self._into.add(
            "code.executes" if at_import else "code.dangerous-call",
            Severity.CRITICAL if at_import else Severity.HIGH,
            f"{'Importing the file' if at_import else 'A function'} calls {dotted}, which {why}.",
            location=self._context.at(f"line {call.lineno}"),
            evidence=ast.unparse(call)[:200],
            remedy="Do not load this model with its own code.",
        )

    def _dotted(self, node: ast.expr) -> str:
        """Return the name a call reaches, through aliases and ``getattr`` with constants."""
        if isinstance(node, ast.Name):
            return self._aliases.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name) and node.value.id not in self._aliases:
                # A method of some local object; its class is not known from here.
                return ""
            base = self._dotted(node.value)
            return f"{base}.{node.attr}" if base else ""
        if isinstance(node, ast.Call):
            inner = self._dotted(node.func)
            if inner == "getattr" and len(node.args) >= 2:
                base, text = self._dotted(node.args[0]), _text(node.args[1])
                return f"{base}.{text or 'system'}" if base else ""
            if inner in ("__import__", "importlib.import_module") and node.args:
                return _text(node.args[0]) or "importlib"
        return ""


def _calls(node: ast.AST, *, at_import: bool) -> Iterator[tuple[ast.Call, bool]]:
    """Yield every call and whether it runs on import; function bodies wait, defaults do not."""
    stack: list[tuple[ast.AST, bool]] = [(node, at_import)]
    while stack:
        current, now = stack.pop()
        if isinstance(current, ast.Call):
            yield current, now
        if isinstance(current, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            body = current.body if isinstance(current.body, list) else [current.body]
            stack += [(child, False) for child in body]
            stack += [(default, now) for default in current.args.defaults]
            stack += [(item, now) for item in getattr(current, "decorator_list", [])]
        elif _is_main_guard(current):
            stack += [(child, False) for child in current.body]
            stack += [(child, now) for child in current.orelse]
        else:
            stack += [(child, now) for child in ast.iter_child_nodes(current)]


def _is_main_guard(node: ast.AST) -> TypeGuard[ast.If]:
    """Tell ``if __name__ == "__main__"`` exactly: other tests of the name can hold on import."""
    return isinstance(node, ast.If) and ast.unparse(node.test) in _MAIN_GUARDS


def _text(node: ast.expr) -> str:
    """Return a constant string, also one that was put together from constants."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _text(node.left), _text(node.right)
        return left + right if left and right else ""
    return ""
