# SPDX-License-Identifier: Apache-2.0
"""Judges a configuration, whatever it was written in: what it makes a framework import or fill in.

One walk over mappings and lists, without recursion. JSON and YAML come here alike.
"""

from __future__ import annotations

import re
from typing import Any

from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.rules.config_targets import TARGET_KEYS, judge_target

_RESOLVER = re.compile(r"\$\{\s*([\w.-]+)\s*:([^}]{0,200})\}")
_PLAIN_RESOLVERS = frozenset({"oc.select", "oc.deprecated", "oc.dict.keys", "oc.dict.values",
                              "oc.create", "now", "hydra", "multiply", "add", "div", "mul",
                              "resolve_default", "if", "eq", "sum", "subtract", "join", "int",
                              "divide", "div_up"})  # fmt: skip
_EVALUATING = re.compile(r"(?i)eval|exec|python|shell|cmd|import|call|lambda")
_TEMPLATE = re.compile(r"\{\{.{1,100000}?\}\}|\{%.{1,100000}?%\}", re.DOTALL)
_TEMPLATE_KEYS = re.compile(r"(?i)chat_template|jinja|prompt_template|template\Z")
_FORMAT_GADGET = re.compile(r"\{[^{}\s]{0,80}(?:\.|\[)_{1,2}[a-z][^{}]{0,200}\}")
_CODE_KEYS = frozenset({"user_dir", "custom_code_path", "code_paths", "python_code",
                        "custom_module_path", "plugin_path"})  # fmt: skip
PLAIN_DANGER = frozenset({"os", "subprocess", "builtins", "posix", "pty", "importlib", "shutil",
                           "runpy", "pickle", "marshal", "ctypes", "socket", "__builtin__"})  # fmt: skip  # noqa: E501
_MOST_TEMPLATES = 300
_MOST_TEMPLATE_TEXT = 4 * 1024 * 1024

Lines = dict[tuple[str, ...], int]


def judge_tree(context: Context, value: Any, into: Examination, *, lines: Lines | None = None
               ) -> None:  # fmt: skip
    """Add findings about a decoded configuration; ``lines`` tells the line of a key's path."""
    _Walk(context, into, lines or {}).run(value)


class _Walk:
    def __init__(self, context: Context, into: Examination, lines: Lines) -> None:
        self._context, self._into, self._lines = context, into, lines
        self._targets: set[tuple[str, str]] = set()
        self._resolvers: set[str] = set()
        self._templates = self._spent = 0

    def run(self, root: Any) -> None:
        """Walk everything."""
        stack: list[tuple[Any, tuple[str, ...]]] = [(root, ())]
        while stack:
            value, path = stack.pop()
            if isinstance(value, dict):
                self._mapping(value, path)
                stack += [(item, (*path[-30:], str(key))) for key, item in value.items()]
            elif isinstance(value, list):
                if value and isinstance(value[0], int | float):
                    continue
                inner = (*path[-30:], "[]")
                stack += [(item, inner) for item in value]
            elif isinstance(value, str):
                self._text(value, path)

    def _place(self, path: tuple[str, ...]) -> str:
        line = self._lines.get(path, 0)
        shown = ".".join(path)[-120:].replace(".[]", "[]")
        return f"line {line}" if line else shown

    def _mapping(self, value: dict[str, Any], path: tuple[str, ...]) -> None:
        for key in TARGET_KEYS & value.keys():
            target = value[key]
            companion = {
                "params",
                "init_args",
                "_args_",
                "_partial_",
                "args",
                "kwargs",
            } & value.keys()
            if not isinstance(target, str) or (key, target) in self._targets:
                continue
            if (  # noqa: SIM102
                key in ("target", "func", "callable", "obj_type")
                and not companion
                and len(value) > 1
            ):
                if target.partition(".")[0] not in PLAIN_DANGER:
                    continue  # a word of the application's own, such as a column
            self._targets.add((key, target))
            judge_target(self._context, key, target, self._into, self._place((*path, key)))
        self._flavors(value, path)
        self._registries(value, path)
        for key in _CODE_KEYS & value.keys():
            if isinstance(value[key], str) and value[key]:
                self._code("config.code-path", Severity.MEDIUM, (*path, key), value[key],
                           f"The key {key!r} names Python that the framework imports.")  # fmt: skip

    def _flavors(self, value: dict[str, Any], path: tuple[str, ...]) -> None:
        """MLflow imports ``loader_module`` and puts the directory ``code`` on the path."""
        loader = value.get("loader_module")
        if not isinstance(loader, str):
            return
        if value.get("code"):
            self._into.remote_code = True
        if loader.partition(".")[0] not in ("mlflow", "sklearn"):
            self._code("config.loader-module", Severity.HIGH, (*path, "loader_module"), loader,
                       "MLflow imports this module, which it does not ship, to load the model.")  # fmt: skip  # noqa: E501
        elif value.get("code"):
            self._code("config.loader-module", Severity.LOW, (*path, "code"), str(value["code"]),
                       "MLflow puts Python of this model on the import path.")  # fmt: skip

    def _registries(self, value: dict[str, Any], path: tuple[str, ...]) -> None:
        """spaCy and its likes call a function registered under a name: ``@misc = "x.v1"``."""
        for key, item in value.items():
            if key.startswith("@") and isinstance(item, str) and "." in item:
                from steelyard.scanning.pickles.names import why_dangerous

                if why_dangerous(*item.rpartition(".")[::2]):
                    self._code("config.target", Severity.CRITICAL, (*path, key), item,
                               f"The configuration names {item[:120]} to be called.")  # fmt: skip

    def _code(self, rule: str, severity: Severity, path: tuple[str, ...], evidence: str,
              message: str) -> None:  # fmt: skip
        self._into.remote_code = True
        self._into.add(rule, severity, message, location=self._context.at(self._place(path)),
                       evidence=evidence[:200],
                       remedy="Review that code before anything loads this model.")  # fmt: skip

    def _text(self, text: str, path: tuple[str, ...]) -> None:
        if "${" in text:
            self._interpolation(text, path)
        if "{{" in text or "{%" in text:
            self._template(text, path)
        elif "__" in text and "{" in text and _FORMAT_GADGET.search(text):
            self._into.add(
                "template.code",
                Severity.HIGH,
                "A text to be formatted reads private attributes of what it is given.",
                location=self._context.at(self._place(path)),
                evidence=_FORMAT_GADGET.search(text)[0][:200],  # type: ignore[index]
                remedy="Do not format this text.",
            )

    def _interpolation(self, text: str, path: tuple[str, ...]) -> None:
        for found in _RESOLVER.finditer(text[:100_000]):
            name = found[1]
            if name in self._resolvers or name in _PLAIN_RESOLVERS:
                continue
            self._resolvers.add(name)
            evaluates = bool(_EVALUATING.search(name))
            self._into.add(
                "config.interpolation",
                Severity.MEDIUM if evaluates else Severity.LOW,
                f"The configuration calls the resolver {name[:60]!r} when it is read"
                + (", which evaluates text." if evaluates else "."),
                location=self._context.at(self._place(path)),
                evidence=found[0][:200],
                remedy="Resolve it yourself, or see what the application registers by that name.",
            )

    def _template(self, text: str, path: tuple[str, ...]) -> None:
        key = next((part for part in reversed(path) if part != "[]"), "")
        declared = any(_TEMPLATE_KEYS.search(part) for part in path[-3:])
        if not declared and not _TEMPLATE.search(text[:100_000]):
            return
        self._templates += 1
        self._spent += len(text)
        if self._templates > _MOST_TEMPLATES or self._spent > _MOST_TEMPLATE_TEXT:
            reason = self._context.at(f"more than {_MOST_TEMPLATES} templates were not parsed")
            self._into.gap(Coverage.PARTIAL, reason)
            return
        from steelyard.scanning.rules.templates import judge_template

        judge_template(self._context, text, self._into, self._place(path) or key, declared=declared)
