# SPDX-License-Identifier: Apache-2.0
"""Generate the list of names that honest pickles import, from honest pickles.

Run it in an environment that has the libraries (NumPy, SciPy, pandas, scikit-learn, joblib,
PyTorch, XGBoost, LightGBM; those missing are skipped and said). It trains small models, dumps them
with several protocols, and notes every (module, name) a loader would import, with the library and
version that produced it. Existing lines of the output file are kept, so several versions of a
library add up::

    python scripts/pickle_allowlist.py src/steelyard/scanning/pickles/allowed.txt
"""

from __future__ import annotations

import argparse
import collections
import datetime as dt
import decimal
import fractions
import functools
import importlib
import importlib.metadata
import io
import pathlib
import pickle
import pickletools
import re
import sys
import types
import uuid
import warnings
from collections.abc import Callable, Iterator
from typing import Any

Names = set[tuple[str, str]]


def imports_of(data: bytes) -> Names:
    """Return every (module, name) imported by the pickle streams in ``data``."""
    names: Names = set()
    stream = io.BytesIO(data)
    while stream.tell() < len(data):
        strings: list[str] = []
        memo: dict[int, str] = {}
        last_was_text = False
        try:
            for opcode, argument, _ in pickletools.genops(stream):
                if opcode.name == "GLOBAL":
                    module, _, name = str(argument).partition(" ")
                    names.add((module, name))
                elif opcode.name == "STACK_GLOBAL":
                    names.add((strings[-2], strings[-1]))
                elif opcode.name in ("MEMOIZE", "BINPUT", "LONG_BINPUT"):
                    index = len(memo) if opcode.name == "MEMOIZE" else int(argument or 0)
                    memo[index] = strings[-1] if strings and last_was_text else ""
                elif opcode.name in ("BINGET", "LONG_BINGET") and memo.get(int(argument or 0)):
                    strings.append(memo[int(argument or 0)])
                last_was_text = "UNICODE" in opcode.name or "STRING" in opcode.name
                if last_was_text:
                    strings.append(str(argument))
        except (ValueError, IndexError):
            break
    return names


def dumped(thing: Any) -> Names:
    """Return what pickles of ``thing`` import, over the protocols in use."""
    names: Names = set()
    for protocol in (0, 2, 3, 4, 5):
        try:
            names |= imports_of(pickle.dumps(thing, protocol=protocol))
        except Exception as error:
            print(f"  not picklable: {type(thing).__name__}: {error}", file=sys.stderr)
            break
    return names


def standard_library() -> Names:
    """Data types of the standard library that carry no behavior when rebuilt."""
    things: list[Any] = [
        dt.datetime.now(dt.UTC), dt.date(2026, 1, 1), dt.time(1), dt.timedelta(1), dt.UTC,
        decimal.Decimal("1.5"), fractions.Fraction(1, 3), uuid.uuid4(), complex(1, 2),
        collections.OrderedDict(a=1), collections.Counter("ab"), collections.deque([1]),
        collections.defaultdict(list), {1, 2}, frozenset({1}), bytearray(b"x"), range(3),
        slice(1), pathlib.PurePosixPath("a"), pathlib.PosixPath("a"), b"bytes", object(),
        [int, float, str, bool, list, dict, set, tuple, bytes, complex, object, type(None)],
        argparse.Namespace(a=1), types.SimpleNamespace(a=1), re.compile("a"), re.IGNORECASE,
        [abs, all, any, ascii, bin, bool, chr, divmod, enumerate, hash, hex, id, isinstance,
         issubclass, len, max, min, oct, ord, repr, reversed, round, sorted, sum, zip],
    ]  # fmt: skip
    return functools.reduce(lambda names, thing: names | dumped(thing), things, set())


def numpy_names() -> Names:
    """Arrays, scalars, data types and random generators."""
    import numpy as np

    things: list[Any] = [
        np.arange(3), np.array(["a"]), np.array([object()], dtype=object), np.float64(1),
        np.int64(1), np.bool_(True), np.datetime64("2026-01-01"), np.dtype("f4"),
        np.dtype([("a", "i4")]), np.ma.masked_array([1], [True]), np.random.RandomState(0),
        np.random.default_rng(0), np.zeros(2).view(np.recarray), np.matrix([[1]]),
        np.poly1d([1, 2]), np.random.SeedSequence(1), np.random.Generator(np.random.MT19937(1)),
        np.random.Generator(np.random.Philox(1)), np.random.Generator(np.random.SFC64(1)),
        np.array([1], order="F"), np.float32, np.float64, np.int32, np.int64, np.ndarray, np.bool_,
    ]  # fmt: skip
    names: Names = set().union(*(dumped(thing) for thing in things))
    # NumPy 2 renamed numpy.core to numpy._core; files written before carry the old path.
    return names | {
        (module.replace("numpy._core", "numpy.core"), name)
        for module, name in names
        if module.startswith("numpy._core")
    }


def scipy_names() -> Names:
    """Sparse matrices and arrays."""
    from scipy import interpolate, sparse, spatial

    names: Names = set()
    for kind in ("csr", "csc", "coo", "lil", "dok", "dia", "bsr"):
        names |= dumped(getattr(sparse, f"{kind}_matrix")((2, 2)))
        names |= dumped(getattr(sparse, f"{kind}_array")((2, 2)))
        # Written by SciPy before 1.8, when these modules were public.
        names.add((f"scipy.sparse.{kind}", f"{kind}_matrix"))
    names |= dumped(interpolate.interp1d([1, 2], [1, 2]))
    names |= dumped(spatial.KDTree([[1, 2], [3, 4]]))
    return names


def pandas_names() -> Names:
    """Frames, series and every kind of index and column."""
    import numpy as np
    import pandas as pd

    frame = pd.DataFrame(
        {"i": [1, 2], "f": [1.5, np.nan], "s": ["a", "b"], "b": [True, False],
         "t": pd.to_datetime(["2026-01-01", "2026-01-02"]), "c": pd.Categorical(["x", "y"])}
    )  # fmt: skip
    things: list[Any] = [
        frame, frame["i"], frame.index, frame.set_index(["i", "s"]), pd.Index(["a"]),
        pd.date_range("2026-01-01", periods=2), pd.period_range("2026-01", periods=2, freq="M"),
        pd.Timestamp("2026-01-01"), pd.Timedelta(1), pd.NaT, pd.NA, pd.Interval(0, 1),
        pd.array([1, None], dtype="Int64"), pd.array(["a"], dtype="string"),
        pd.array([True, None], dtype="boolean"), pd.to_timedelta(["1D"]),
        pd.interval_range(0, 2), pd.CategoricalIndex(["a"]), frame.astype(object),
        pd.Timestamp("2026-01-01", tz="UTC"),
    ]  # fmt: skip
    return set().union(*(dumped(thing) for thing in things))


def estimators() -> Iterator[Any]:
    """Yield every scikit-learn estimator that fits on small data, fitted."""
    import numpy as np
    from sklearn.utils import all_estimators

    rng = np.random.RandomState(0)
    table, labels = rng.rand(40, 4), rng.randint(0, 2, 40)
    texts = ["one two", "two three"] * 20
    for name, kind in all_estimators():
        for arguments in ((table, labels), (table,), (texts,), (labels, labels)):
            try:
                yield kind().fit(*arguments)
                break
            except Exception:  # most estimators accept one of these; the others are built below
                continue
        else:
            try:
                yield kind()
            except TypeError:
                print(f"  not built: {name}", file=sys.stderr)


def sklearn_names() -> Names:
    """Every estimator, common compositions, and joblib's own wrappers."""
    import joblib
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import (
        BaggingClassifier,
        GradientBoostingClassifier,
        RandomForestClassifier,
        StackingClassifier,
        VotingClassifier,
    )
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import FeatureUnion, Pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    names: Names = set()
    pair = [("a", LogisticRegression()), ("b", RandomForestClassifier(2))]
    table = [[0.0, 1.0], [1.0, 0.0]] * 10
    labels = [0, 1] * 10
    composed: list[Any] = [
        Pipeline([("s", StandardScaler()), ("c", LogisticRegression())]).fit(table, labels),
        VotingClassifier(pair).fit(table, labels), StackingClassifier(pair).fit(table, labels),
        GridSearchCV(LogisticRegression(), {"C": [1, 2]}).fit(table, labels),
        CalibratedClassifierCV(LinearSVC()).fit(table, labels),
        OneVsRestClassifier(LinearSVC()).fit(table, labels), BaggingClassifier().fit(table, labels),
        GradientBoostingClassifier(n_estimators=2).fit(table, labels),
        ColumnTransformer([("s", StandardScaler(), [0])]).fit(table),
        FeatureUnion([("s", StandardScaler())]).fit(table),
        TfidfVectorizer().fit(["one two", "two three"]),
    ]  # fmt: skip
    for model in [*estimators(), *composed]:
        names |= dumped(model)
    buffer = io.BytesIO()
    joblib.dump(composed[0], buffer)
    names |= imports_of(buffer.getvalue())
    names |= {("joblib.numpy_pickle", "NumpyArrayWrapper")}
    return names


def torch_names() -> Names:
    """Tensors of every type, parameters, modules of torch.nn and optimizer states."""
    import inspect
    import zipfile

    import torch

    names: Names = set()

    def saved(thing: Any) -> None:
        buffer = io.BytesIO()
        try:
            torch.save(thing, buffer)
        except Exception as error:
            print(f"  not saved: {type(thing).__name__}: {error}", file=sys.stderr)
            return
        with zipfile.ZipFile(buffer) as archive:
            for member in archive.namelist():
                if member.endswith("data.pkl"):
                    names.update(imports_of(archive.read(member)))
        buffer = io.BytesIO()
        try:
            torch.save(thing, buffer, _use_new_zipfile_serialization=False)
            names.update(imports_of(buffer.getvalue()))
        except Exception:  # some types exist in the new format only
            return

    kinds = [kind for kind in vars(torch).values() if isinstance(kind, torch.dtype)]
    for kind in kinds:
        try:
            saved({"t": torch.zeros(2, dtype=kind), "d": kind})
        except (RuntimeError, NotImplementedError):
            continue
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2), torch.nn.ReLU())
    optimizer = torch.optim.Adam(model.parameters())
    saved([model.state_dict(), optimizer.state_dict(), torch.nn.Parameter(torch.zeros(1)), model,
           torch.Size([1]), torch.device("cpu"), torch.zeros(2, 2).to_sparse(),
           torch.quantize_per_tensor(torch.zeros(2), 0.1, 0, torch.quint8)])  # fmt: skip
    for _, kind in inspect.getmembers(torch.nn, inspect.isclass):
        if issubclass(kind, torch.nn.Module):
            names.add((kind.__module__, kind.__name__))
    names |= {("torch", f"{kind}Storage") for kind in (
        "Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool",
        "ComplexFloat", "ComplexDouble", "QUInt8", "QInt8", "QInt32", "Untyped")}  # fmt: skip
    names |= {("torch.storage", "_load_from_bytes"), ("torch.storage", "UntypedStorage")}
    names.discard(("torch.storage", "_load_from_bytes"))  # it unpickles its argument
    return names


def boosting_names(library: str) -> Names:
    """Fitted models of one gradient boosting library."""
    module = importlib.import_module(library)
    prefix = {"xgboost": "XGB", "lightgbm": "LGBM"}[library]
    table, labels = [[0.0, 1.0], [1.0, 0.0]] * 20, [0, 1] * 20
    names: Names = set()
    for suffix in ("Classifier", "Regressor"):
        model = getattr(module, prefix + suffix)(n_estimators=2).fit(table, labels)
        names |= dumped(model)
    return names


GENERATORS: dict[str, Callable[[], Names]] = {
    "numpy": numpy_names,
    "scipy": scipy_names,
    "pandas": pandas_names,
    "scikit-learn": sklearn_names,
    "torch": torch_names,
    "xgboost": lambda: boosting_names("xgboost"),
    "lightgbm": lambda: boosting_names("lightgbm"),
}
NEVER = {("builtins", "getattr"), ("__builtin__", "getattr"), ("_codecs", "encode"),
         ("builtins", "eval"), ("torch.storage", "_load_from_bytes")}  # fmt: skip
"""Honest pickles use some of these; they are judged by their arguments, never by name alone."""


def version_of(library: str) -> str:
    """Return the installed version, also of a build that is distributed under another name."""
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return str(importlib.import_module(library).__version__)


def main() -> None:
    """Merge what this environment produces into the file named on the command line."""
    warnings.simplefilter("ignore")
    target = pathlib.Path(sys.argv[1])
    found: dict[tuple[str, str], str] = {}
    if target.exists():
        for line in target.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                module, name, origin = line.split("\t")
                found[module, name] = origin
    version = ".".join(str(part) for part in sys.version_info[:2])
    for pair in standard_library():
        found.setdefault(pair, f"python=={version}")
    for library, generate in GENERATORS.items():
        try:
            stamp = f"{library}=={version_of(library)}"
        except ImportError:
            print(f"skipped, not installed: {library}", file=sys.stderr)
            continue
        print(f"reading what {stamp} writes", file=sys.stderr)
        for pair in generate():
            found.setdefault(pair, stamp)
    rows = sorted(
        f"{module}\t{name}\t{origin}"
        for (module, name), origin in found.items()
        if (module, name) not in NEVER and "." not in name and module != "__main__"
    )
    head = (
        "# Names that honest pickles import: module, name, and what produced it.\n"
        "# Generated by scripts/pickle_allowlist.py from trained and dumped models; do not edit.\n"
    )
    target.write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    print(f"{len(rows)} names in {target}", file=sys.stderr)


if __name__ == "__main__":
    main()
