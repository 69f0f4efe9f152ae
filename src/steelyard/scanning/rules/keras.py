# SPDX-License-Identifier: Apache-2.0
"""Judges Keras configurations: which classes and functions loading a model would bring in.

A configuration is a tree of objects, each with ``class_name`` and, since Keras 3, ``module`` and
``registered_name``; a loader imports the module and calls what it finds there. What Keras itself
ships is on a list of modules by their exact roots; everything else is foreign, and what carries
code, opens files or reaches a dangerous name is malicious.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.interface import Context, Examination

_ROOTS = frozenset({"keras", "tf_keras", "keras_hub", "keras_nlp", "keras_cv", "tensorflow"})
_TF_KERAS = ("tensorflow.keras", "tensorflow.python.keras")
_PARTS = frozenset({
    "layers", "activations", "initializers", "regularizers", "constraints", "losses", "metrics",
    "optimizers", "models", "engine", "ops", "legacy", "random", "distribution", "dtype_policies",
    "mixed_precision", "applications", "backend", "quantizers", "tokenizers", "samplers",
    "schedules", "experimental", "v2", "feature_column",
    "bounding_box", "core", "preprocessing", "premade_models", "visualization", "callbacks",
})  # fmt: skip
"""Packages of Keras whose classes configurations name; ``utils`` and ``saving`` are not among them:
they download, unpack and load."""
_SHELLS = frozenset({"src", "api", "_tf_keras", "keras", "python"})
"""Packages that only wrap those parts."""
_CODE = frozenset({"Lambda", "__lambda__"})
_OPERATIONS = frozenset({"TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"})
_REACHING = frozenset({
    "io", "py_function", "numpy_function", "load_op_library", "load_library", "raw_ops", "system",
    "gfile", "readfile", "writefile", "read_file", "write_file", "matching_files", "data", "import",
    "py_func", "pyfunc", "eagerpyfunc", "matchingfiles", "save", "restore", "print",
})  # fmt: skip
_LOADING = {
    "TorchModuleWrapper": "unpickles a PyTorch module that the configuration carries",
    "TFSMLayer": "loads a TensorFlow SavedModel from a path",
    "JaxLayer": "calls functions the configuration names",
    "FlaxLayer": "calls functions the configuration names",
}
_FILE_KEYS = frozenset({
    "vocabulary", "vocabulary_file", "filepath", "file_path", "filename", "fname", "path", "url",
    "origin", "proto", "merges", "weights", "include_weights_from", "asset", "idf_weights",
})  # fmt: skip
_TEXT_LAYERS = frozenset({"StringLookup", "IntegerLookup", "TextVectorization", "IndexLookup"})
_PATH_MOST = 1024
_NODES_MOST = 1_000_000
_REMEDY = "Ask for a model of Keras's own layers, saved as .keras without code."


def judge_keras(context: Context, value: Any, into: Examination, place: str) -> None:
    """Add findings about one configuration; ``place`` says where in the file it stands."""
    for count, item in enumerate(_objects(value)):
        if count >= _NODES_MOST:
            into.gap(Coverage.PARTIAL, context.at("the Keras configuration has too many objects"))
            return
        kind = item.get("class_name")
        if isinstance(kind, str):
            _Object(context, into, place, kind, item).judge()


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a document; its depth was bounded when it was read."""
    stack = [value]
    while stack:
        current = stack.pop()
        if isinstance(current, dict):
            yield current
            stack += [item for item in current.values() if isinstance(item, dict | list)]
        elif isinstance(current, list):
            stack += [item for item in current if isinstance(item, dict | list)]


class _Object:
    """One object of a configuration."""

    def __init__(
        self, context: Context, into: Examination, place: str, kind: str, item: dict[str, Any]
    ) -> None:
        self._context, self._into, self._kind, self._item = context, into, kind, item
        config = item.get("config")
        self._config: Any = config
        module = item.get("module")
        self._module = module if isinstance(module, str) else ""
        registered = item.get("registered_name")
        self._registered = registered if isinstance(registered, str) else ""
        name = config.get("name") if isinstance(config, dict) else None
        called = f" {str(name)[:60]!r}" if name else ""
        self._where = context.at(f"{place}, {kind[:60]}{called}")

    def judge(self) -> None:
        """Add what is to be said about the object."""
        if self._kind in _CODE:
            self._code()
        elif self._kind == "function":
            self._function()
        elif self._kind in _OPERATIONS:
            self._operation()
        else:
            self._class()
        self._files()

    def _add(self, rule: str, severity: Severity, message: str, evidence: str) -> None:
        if severity in (Severity.CRITICAL, Severity.HIGH):
            self._into.executes_on_load = True
        self._into.add(
            rule, severity, message, location=self._where, evidence=evidence[:200], remedy=_REMEDY
        )

    def _code(self) -> None:
        """A Lambda layer: marshaled bytecode, or the name of a function."""
        config = self._config if isinstance(self._config, dict) else {}
        function = config.get("function", config.get("value", config.get("code")))
        self._add(
            "keras.lambda",
            Severity.CRITICAL,
            "A Lambda layer carries Python code that runs when the model is loaded and used.",
            f"{self._kind}: {str(function if function is not None else config)[:180]}",
        )

    def _function(self) -> None:
        """A function by name: ``module`` and ``registered_name`` say which one is called."""
        config = self._config
        name = config if isinstance(config, str) else self._registered
        if self._module in ("builtins", "") and self._registered in ("function", name, ""):
            self._custom_function(name)
            return
        self._foreign(self._module, self._registered or name, "function")

    def _custom_function(self, name: str) -> None:
        why = _why("builtins", name) or _why("os", name)
        if why:
            text = f"The configuration names the function {name[:80]!r}, which {why}."
            self._add("keras.foreign-module", Severity.CRITICAL, text, name)
        elif name:
            text = f"The configuration needs a function of its author's own, {name[:80]!r}."
            self._add("keras.custom-object", Severity.LOW, text, name)

    def _operation(self) -> None:
        """A TensorFlow operation as a layer; honest ones compute, they do not reach out."""
        config = self._config if isinstance(self._config, dict) else {}
        function = str(config.get("function", config.get("node_def", "")))
        words = {word.lower() for word in function.replace("/", ".").split(".")}
        hidden = "__" in function and not function.startswith("__operators__.")
        if words & _REACHING or hidden:
            self._add(
                "keras.operation",
                Severity.CRITICAL,
                f"A layer calls the TensorFlow operation {function[:80]!r}, which reaches out of "
                "the model.",
                function,
            )

    def _class(self) -> None:
        loading = _LOADING.get(self._kind)
        if loading:
            grave = self._kind in ("TorchModuleWrapper", "TFSMLayer")
            self._add(
                "keras.loading-layer",
                Severity.CRITICAL if grave else Severity.HIGH,
                f"The layer {self._kind} {loading}.",
                str(self._config),
            )
        elif self._module:
            self._foreign(self._module, self._registered or self._kind, "class")
        elif "." in self._kind:
            module, _, name = self._kind.rpartition(".")
            self._foreign(module, name, "class")
        elif ">" in (self._registered or self._kind):
            name = self._registered or self._kind
            text = f"The configuration needs a class of its author's own, {name[:80]!r}."
            self._add("keras.custom-object", Severity.LOW, text, name)

    def _foreign(self, module: str, name: str, what: str) -> None:
        """Judge a class or function by the module it is imported from."""
        if is_own_module(module):
            return
        short = name.rpartition(">")[2].rpartition(".")[2]
        why = _why(module, short)
        if module.partition(".")[0] in _ROOTS:
            why = why or "is none of the parts of Keras that models are made of"
        severity = Severity.CRITICAL if why else Severity.HIGH
        self._add(
            "keras.foreign-module",
            severity,
            f"The {what} {name[:80]!r} comes from {module[:80]!r}, outside Keras"
            + (f", and {why}." if why else "."),
            f"{module}.{name}",
        )

    def _files(self) -> None:
        """A configuration that names a file makes the loader read it."""
        config = self._config
        if not isinstance(config, dict):
            return
        for key in _FILE_KEYS & config.keys():
            value = config[key]
            if not isinstance(value, str) or not value or len(value) > _PATH_MOST:
                continue
            leaves = value.startswith(("/", "\\", "~")) or "://" in value or _climbs(value)
            if leaves or (self._kind in _TEXT_LAYERS and key == "vocabulary"):
                self._add(
                    "keras.file",
                    Severity.CRITICAL if leaves else Severity.LOW,
                    f"Loading makes {self._kind[:60]} read the file {value[:120]!r}"
                    + (" outside the model." if leaves else "."),
                    f"{key}: {value}",
                )


def is_own_module(module: str) -> bool:
    """Tell whether ``module`` is a part of Keras that configurations honestly name."""
    if module in ("keras", "tf_keras", "keras_hub", "keras_nlp", "keras_cv"):
        return True
    parts = module.split(".")
    if parts[0] not in _ROOTS:
        return False
    if parts[0] == "tensorflow" and not module.startswith(_TF_KERAS):
        return False
    inner = [
        part for part in parts[1:] if part not in ("src", "api", "_tf_keras", "keras", "python")
    ]
    return not inner or inner[0] in _PARTS


def _climbs(value: str) -> bool:
    parts = value.replace("\\", "/").split("/")
    return ".." in parts or (len(value) > 2 and value[1] == ":" and value[2] in "\\/")


def _why(module: str, name: str) -> str:
    from steelyard.scanning.pickles.names import why_dangerous

    return why_dangerous(module, name) if module and name else ""
