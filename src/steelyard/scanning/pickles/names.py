# SPDX-License-Identifier: Apache-2.0
"""Judges the names a pickle imports: allowed, dangerous or unknown.

The allow-list is primary: it is generated from what honest libraries write, as exact (module, name)
pairs, never whole modules. A name that is not on it is unknown, and an unknown name that is called
is already a reason for a person to look. The list of dangerous names only tells the plainly
malicious from the unknown, so forgetting one there never makes a file clean.
"""

from __future__ import annotations

import functools
import re

from msgspec import Struct

from steelyard.scanning.shipped import PACKAGE, read_shipped

DATA_FILES = ("allowed.txt", "dangerous.toml", "stdlib.txt")

_PYTHON2 = {"__builtin__": "builtins", "copy_reg": "copyreg", "exceptions": "builtins"}
_CODE_TYPES = frozenset({
    ("types", "CodeType"), ("types", "FunctionType"), ("types", "LambdaType"), ("new", "code"),
    ("new", "function"), ("types", "CellType"), ("types", "MethodType"),
})  # fmt: skip
_BUILDERS = (
    "_make_", "_builtin_type", "_function_", "_class_setstate", "_fill_function", "_rehydrate_",
    "subimport", "dynamic_subimport", "_create_", "_load_type", "_import_module", "_empty_cell",
    "_cell_set", "_lookup_class", "_get_cell", "_setitems",
)  # fmt: skip
MAKE_FUNCTIONS = frozenset({
    "_make_function", "_create_function", "_fill_function", "_make_skel_func", "FunctionType",
    "LambdaType", "MethodType", "function",
})  # fmt: skip
"""Names of :func:`carries_code` whose result is a function; no pickler calls that at once."""
MAKE_CLASSES = frozenset({
    "_builtin_type", "_load_type", "_make_skeleton_class", "_make_skeleton_enum", "_create_type",
    "_lookup_class_or_track", "_create_ftype", "_create_namedtuple",
})  # fmt: skip
"""Names of :func:`carries_code` whose result honest streams call: a type, to make a code object or
an instance of a carried class."""
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_RECONSTRUCTORS = frozenset({
    ("copyreg", "_reconstructor"), ("copyreg", "__newobj__"), ("copyreg", "__newobj_ex__"),
})  # fmt: skip
_BUFFERS = frozenset({
    ("_io", "BytesIO"), ("_io", "StringIO"), ("io", "BytesIO"), ("io", "StringIO"),
})  # fmt: skip
"""Files in memory, which touch nothing else."""
_DISTRIBUTIONS = ("scipy.stats._continuous_distns", "scipy.stats._discrete_distns")
_UFUNC_HOMES = frozenset({
    "numpy", "numpy.core", "numpy.core.umath", "numpy.core._multiarray_umath", "numpy._core",
    "numpy._core.umath", "numpy._core._multiarray_umath", "scipy.special", "scipy.special._ufuncs",
    "scipy.special._special_ufuncs",
})  # fmt: skip
_UFUNCS = frozenset(
    """abs absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh bitwise_and bitwise_or
    bitwise_xor cbrt ceil conj conjugate copysign cos cosh deg2rad degrees divide divmod equal erf
    erfc erfinv exp exp2 expit expm1 fabs float_power floor floor_divide fmax fmin fmod frexp gamma
    gammaln gcd greater greater_equal heaviside hypot invert isfinite isinf isnan isnat j0 j1 lcm
    ldexp left_shift less less_equal log log10 log1p log2 log_ndtr logaddexp logaddexp2 logical_and
    logical_not logical_or logical_xor logit matmul maximum minimum mod modf multiply ndtr ndtri
    negative nextafter not_equal positive power psi rad2deg radians reciprocal remainder
    right_shift rint sign signbit sin sinh spacing sqrt square subtract tan tanh true_divide trunc
    xlog1py xlogy""".split()  # noqa: SIM905 - a hundred names read better so
)
"""The functions on arrays that old NumPy pickles by a call."""


class Dangerous(Struct, frozen=True):
    """The parsed list of dangerous names; values say what they let a pickle do."""

    modules: dict[str, str]
    names: dict[tuple[str, str], str]
    parts: frozenset[str]
    calls: frozenset[str]
    words: frozenset[str]
    verbs: frozenset[str]
    reducers: tuple[str, ...]


@functools.cache
def allowed_names() -> frozenset[tuple[str, str]]:
    """Return the pairs honest pickles import."""
    pairs = set(_RECONSTRUCTORS)
    for line in _read("allowed.txt").splitlines():
        if line and not line.startswith("#"):
            module, name, _ = line.split("\t")
            pairs.add((module, name))
    return frozenset(pairs)


@functools.cache
def dangerous_names() -> Dangerous:
    """Return the dangerous names."""
    import tomllib  # most files have only names that are allowed

    data = tomllib.loads(_read("dangerous.toml"))
    through = data.pop("through")
    modules: dict[str, str] = {}
    names: dict[tuple[str, str], str] = {}
    for group in data.values():
        modules |= dict.fromkeys(group["modules"], group["why"])
        for dotted in group["names"]:
            module, _, name = dotted.rpartition(".")
            names[module, name] = group["why"]
    parts, calls, words, verbs = (
        frozenset(through[key]) for key in ("parts", "calls", "words", "verbs")
    )
    return Dangerous(modules, names, parts, calls, words, verbs, tuple(through["reducers"]))


@functools.cache
def standard_modules() -> frozenset[str]:
    """Return the top-level modules of every standard library since Python 2."""
    lines = _read("stdlib.txt").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def is_standard_function(module: str, name: str) -> bool:
    """Tell whether a name is one of the standard library's and not written as a class is.

    A pickler writes calls of library functions only for the few types whose reducers are on the
    allow-list; every other call of one was put there by hand.
    """
    root, last = module.strip().partition(".")[0], name.rpartition(".")[2].lstrip("_")
    return root in standard_modules() and not last[:1].isupper()


def carries_code(module: str, name: str) -> bool:
    """Tell whether a name builds Python functions or classes out of pickled code objects.

    cloudpickle (also as vendored by joblib, Ray and Spark) and dill do so for what cannot be
    imported; their loaders (``loads``, ``load``) are not among these names.
    """
    if (_PYTHON2.get(module, module), name) in _CODE_TYPES:
        return True
    if "cloudpickle" in module.split(".")[-1] or ".cloudpickle." in f".{module}.":
        return name.startswith(_BUILDERS) and name not in ("load", "loads")
    return (
        module in ("dill._dill", "dill.dill")
        and name.startswith(_BUILDERS)
        and name != "_create_array"
    )


def is_allowed(module: str, name: str) -> bool:
    """Tell whether an honest library writes this very name."""
    if (module, name) in allowed_names() or (module, name) in _BUFFERS:
        return True
    if is_ufunc(module, name):
        return True
    # The texts these classes evaluate are judged on their own.
    if module in _DISTRIBUTIONS and name.endswith("_gen") and name.isidentifier():
        return True
    return (_PYTHON2.get(module, module), name) in allowed_names()


def is_ufunc(module: str, name: str) -> bool:
    """Tell whether a name is one of NumPy's or SciPy's functions on arrays."""
    return module in _UFUNC_HOMES and name in _UFUNCS


def why_dangerous(module: str, name: str) -> str:
    """Return what the name lets a pickle do, or "" when it is not known to be dangerous.

    White space is dropped and Python 2 names are translated first; submodules of a dangerous module
    are dangerous; so is a dangerous module or call reached through another module's imports.
    """
    module, name = module.strip(), name.strip()
    module = _PYTHON2.get(module, module)
    known = dangerous_names()
    exact = known.names.get((module, name)) or known.names.get((module, name.partition(".")[0]))
    if exact:
        return exact
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        why = known.modules.get(".".join(parts[:length]))
        if why:
            return why
    inner = [*parts[1:], *name.split(".")]
    # A private alias of a module (``collections._sys``) is the module.
    private = {part.lstrip("_") for part in name.split(".")[:-1]}
    if private & known.parts or any(part in known.parts for part in inner[:-1]):
        return "reaches a dangerous name through another module"
    if inner[-1] in known.calls:
        return "reaches a dangerous name through another module"
    return ""


def says_it(name: str) -> str:
    """Return what a called function says of itself: ``unsafe_eval`` evaluates, whoever wrote it.

    For names that are not allowed only, where the question is how bad an unknown call is. Names
    written as classes are (``SystemPrompt``) and Cython's reducers are passed over.
    """
    last = name.rpartition(".")[2]
    if last.lstrip("_")[:1].isupper() or last.startswith(
        ("__pyx_unpickle", "unpickle_", "_unpickle_", "_rebuild_")
    ):
        return ""
    found = sorted(_words(last) & dangerous_names().words)
    return f"says itself what it does: {found[0]}" if found else ""


def does_something(name: str) -> str:
    """Return the verb of a function that acts on what it is handed (``fetch_url``), or ""."""
    last = name.rpartition(".")[2]
    known = dangerous_names()
    found = sorted(_words(last) & known.verbs)
    return found[0] if found and not last.startswith(known.reducers) else ""


def _words(name: str) -> set[str]:
    return {word.lower() for word in _WORDS.findall(name)}


def _read(name: str) -> str:
    return read_shipped(f"{PACKAGE}/scanning/pickles/{name}").decode("utf-8")
