# SPDX-License-Identifier: Apache-2.0
"""Trains small real models of every library that is installed, for the list of honest names.

Each function yields objects as users dump them. It runs on Python 3.8 and later, because older
files were written by older libraries, which need an older Python.
"""

from __future__ import annotations

import argparse
import array
import builtins
import collections
import datetime as dt
import decimal
import fractions
import importlib
import inspect
import io
import ipaddress
import logging
import pathlib
import random
import re
import string
import sys
import time
import types
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any


def attempt(make: Callable[..., Any], *arguments: Any, **named: Any) -> Iterator[Any]:
    """Yield what ``make`` returns, or nothing where this version of the library refuses."""
    try:
        yield make(*arguments, **named)
    except Exception as error:
        label = getattr(make, "__name__", repr(make))
        print(f"  not made: {label}: {str(error)[:80]}", file=sys.stderr)


def standard_library() -> Iterator[Any]:
    """Data types of the standard library that carry no behavior when rebuilt."""
    yield from (
        dt.datetime.now(dt.timezone.utc),  # noqa: UP017 - runs on Python 3.8 as well
        dt.date(2026, 1, 1), dt.time(1), dt.timedelta(1), decimal.Decimal("1.5"),
        fractions.Fraction(1, 3), uuid.uuid4(), complex(1, 2), collections.OrderedDict(a=1),
        collections.Counter("ab"), collections.deque([1]), collections.defaultdict(list), {1, 2},
        frozenset({1}), bytearray(b"x"), range(3), slice(1), pathlib.PurePosixPath("a"),
        pathlib.PosixPath("a"), pathlib.PureWindowsPath("a"), b"bytes", object(),
        [int, float, str, bool, list, dict, set, tuple, bytes, complex, object, type(None)],
        argparse.Namespace(a=1), types.SimpleNamespace(a=1), re.compile("a"), re.IGNORECASE,
        [abs, all, any, ascii, bin, bool, chr, divmod, enumerate, hash, hex, id, isinstance,
         issubclass, len, max, min, oct, ord, repr, reversed, round, sorted, sum, zip],
        array.array("d", [1.0]), ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1"),
        ipaddress.ip_network("10.0.0.0/8"), random.Random(1), io.BytesIO(b"a"), io.StringIO("a"),
        collections.ChainMap({}), collections.UserDict(a=1), collections.UserList([1]),
        string.Template("$a"), logging.getLogger("a"), Ellipsis, NotImplemented,
        iter([1]), iter("a"), iter((1,)), iter(range(2)), enumerate([1]), zip([1]), reversed([1]),
        time.gmtime(0), collections.OrderedDict, collections.defaultdict, types.MappingProxyType,
    )  # fmt: skip
    for kind in vars(builtins).values():
        if isinstance(kind, type) and issubclass(kind, BaseException):
            yield kind


def numpy_models() -> Iterator[Any]:
    """Arrays, scalars, data types and random generators."""
    import numpy as np

    yield from (
        np.arange(3), np.array(["a"]), np.array([object()], dtype=object), np.float64(1),
        np.int64(1), np.bool_(True), np.datetime64("2026-01-01"), np.dtype("f4"),
        np.dtype([("a", "i4")]), np.ma.masked_array([1], [True]), np.random.RandomState(0),
        np.zeros(2).view(np.recarray), np.matrix([[1]]), np.poly1d([1, 2]), np.log1p, np.exp,
        np.array([1], order="F"), np.ndarray, np.char.array(["a"]), np.polynomial.Polynomial([1]),
        np.mean, np.sqrt, np.ma.masked, np.timedelta64(1), np.array(["2026-01-01"], "M8[D]"),
        np.zeros(2, [("a", "i4"), ("b", "f8")])[0], list(np.sctypeDict.values()),
        [type(np.dtype(code)) for code in "?bhilqBHILQefdgFDGSUOVMm"],
    )  # fmt: skip
    for name in ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64", "SeedSequence"):
        kind = getattr(np.random, name, None)
        if kind is not None:
            yield kind(1)
            if name != "SeedSequence":
                yield np.random.Generator(kind(1))


def scipy_models() -> Iterator[Any]:
    """Sparse matrices and arrays, interpolators, trees, distributions, results."""
    from scipy import interpolate, optimize, sparse, spatial, stats

    for kind in ("csr", "csc", "coo", "lil", "dok", "dia", "bsr"):
        for suffix in ("matrix", "array"):
            maker = getattr(sparse, f"{kind}_{suffix}", None)
            if maker is not None:
                yield from attempt(maker, (2, 2))
    points = [[1.0, 2.0], [3.0, 4.0], [0.0, 1.0], [5.0, 3.0]]
    line = [0.0, 1.0, 2.0, 3.0, 4.0]
    for name in ("interp1d", "CubicSpline", "PchipInterpolator", "Akima1DInterpolator",
                 "UnivariateSpline", "InterpolatedUnivariateSpline"):  # fmt: skip
        yield from attempt(getattr(interpolate, name), line, line)
    yield from attempt(interpolate.RegularGridInterpolator, (line,), line)
    yield from attempt(interpolate.LinearNDInterpolator, points, [1.0, 2.0, 3.0, 4.0])
    yield from (spatial.KDTree(points), spatial.cKDTree(points))
    yield from attempt(optimize.minimize, lambda x: float(x[0] ** 2), [1.0])
    for name in ("norm", "uniform", "expon", "beta", "poisson", "randint", "loguniform"):
        family = getattr(stats, name, None)
        if family is not None:
            yield family
            arguments = [1, 2] if name in ("beta", "randint", "loguniform") else [1]
            yield from attempt(family, *arguments)
    yield from attempt(stats.gaussian_kde, line)
    yield from attempt(stats.multivariate_normal, [0, 0])


def pandas_models() -> Iterator[Any]:
    """Frames, series and every kind of index, column and scalar."""
    import numpy as np
    import pandas as pd

    frame = pd.DataFrame(
        {"i": [1, 2], "f": [1.5, np.nan], "s": ["a", "b"], "b": [True, False],
         "t": pd.to_datetime(["2026-01-01", "2026-01-02"]), "c": pd.Categorical(["x", "y"])}
    )  # fmt: skip
    yield from (
        frame, frame["i"], frame.index, frame.set_index(["i", "s"]), pd.Index(["a"]),
        pd.Index([1, 2]), pd.Index([1.5]), pd.Index([1, 2], dtype="uint64"), frame.dtypes,
        pd.date_range("2026-01-01", periods=2), pd.period_range("2026-01", periods=2, freq="M"),
        pd.Timestamp("2026-01-01"), pd.Timedelta(1), pd.NaT, pd.Interval(0, 1),
        pd.array([1, None], dtype="Int64"), pd.to_timedelta(["1D"]), pd.interval_range(0, 2),
        pd.CategoricalIndex(["a"]), frame.astype(object), pd.Timestamp("2026-01-01", tz="UTC"),
        pd.Series(pd.arrays.SparseArray([0, 1])), frame["t"].dt.tz_localize("UTC"),
        pd.Period("2026-01"), pd.offsets.Day(1), pd.offsets.BusinessDay(), frame[["i"]],
        pd.offsets.MonthEnd(), pd.DataFrame(), frame.T, pd.CategoricalDtype(["a"]),
    )  # fmt: skip
    for kind in ("string", "boolean", "Float64", "string[pyarrow]", "Int8", "UInt16"):
        yield from attempt(pd.Series, [None], dtype=kind)
    if hasattr(pd, "NA"):
        yield pd.NA


def estimators() -> Iterator[Any]:
    """Every scikit-learn estimator that fits on small data, fitted; the others unfitted."""
    import numpy as np

    try:
        from sklearn.utils import all_estimators
    except ImportError:
        from sklearn.utils.testing import all_estimators
    rng = np.random.RandomState(0)
    table, labels = rng.rand(40, 4), rng.randint(0, 2, 40)
    texts = ["one two", "two three"] * 20
    for name, kind in all_estimators():
        for arguments in (
            (table, labels), (table,), (texts,), (labels, labels), (table, labels[:, None]),
            ([{"a": 1}, {"b": 2.0}],), (labels,), (table[:, 0], table[:, 1]),
        ):  # fmt: skip
            try:
                yield kind().fit(*arguments)
                break
            except Exception:  # most accept one of these; the others are built below
                continue
        else:
            try:
                yield kind()
            except TypeError:
                print(f"  not built: {name}", file=sys.stderr)


def sklearn_models() -> Iterator[Any]:
    """Every estimator and the compositions people deploy."""
    yield from estimators()
    import numpy as np
    import sklearn
    from sklearn import (
        calibration,
        compose,
        decomposition,
        ensemble,
        feature_extraction,
        feature_selection,
        gaussian_process,
        linear_model,
        metrics,
        model_selection,
        multiclass,
        multioutput,
        neighbors,
        neural_network,
        pipeline,
        preprocessing,
        svm,
        tree,
    )  # fmt: skip
    from sklearn.gaussian_process import kernels

    text = feature_extraction.text
    linear, scaler = linear_model.LogisticRegression, preprocessing.StandardScaler
    pair = [("a", linear()), ("b", ensemble.RandomForestClassifier(2))]
    table, labels = np.array([[0.0, 1.0], [1.0, 0.0]] * 10), np.array([0, 1] * 10)
    sentences = ["red apple", "green pear"] * 10
    yield sklearn.utils.Bunch(data=table)
    for model in (
        pipeline.Pipeline([("s", scaler()), ("c", linear())]), ensemble.VotingClassifier(pair),
        model_selection.GridSearchCV(linear(), {"C": [1, 2]}, cv=2, scoring="accuracy"),
        model_selection.RandomizedSearchCV(linear(), {"C": [1, 2]}, n_iter=1, cv=2),
        calibration.CalibratedClassifierCV(svm.LinearSVC(), cv=2),
        calibration.CalibratedClassifierCV(svm.LinearSVC(), cv=2, method="isotonic"),
        multiclass.OneVsRestClassifier(svm.LinearSVC()), ensemble.BaggingClassifier(),
        multiclass.OneVsOneClassifier(svm.LinearSVC()), feature_selection.SelectKBest(k=1),
        multiclass.OutputCodeClassifier(svm.LinearSVC()), svm.SVC(probability=True),
        ensemble.AdaBoostClassifier(tree.DecisionTreeClassifier(max_depth=1)),
        pipeline.FeatureUnion([("s", scaler()), ("p", decomposition.PCA(1))]),
        compose.ColumnTransformer([("s", scaler(), [0]), ("o", preprocessing.OneHotEncoder(),
                                                                   [1])]),
        compose.TransformedTargetRegressor(linear_model.Ridge(), transformer=scaler()),
        feature_selection.RFECV(linear(), cv=2), feature_selection.SelectFromModel(linear()),
        gaussian_process.GaussianProcessClassifier(kernels.RBF() + kernels.WhiteKernel()),
        gaussian_process.GaussianProcessRegressor(
            kernels.ConstantKernel() * kernels.Matern() + kernels.DotProduct()
            + kernels.RationalQuadratic() + kernels.ExpSineSquared() ** 2),
        *(linear_model.SGDClassifier(loss=loss) for loss in (
            "hinge", "log_loss", "log", "modified_huber", "squared_hinge", "perceptron")),
        *(linear_model.SGDRegressor(loss=loss) for loss in (
            "squared_error", "squared_loss", "huber", "epsilon_insensitive",
            "squared_epsilon_insensitive")),
        *(ensemble.GradientBoostingRegressor(loss=loss, n_estimators=2) for loss in (
            "squared_error", "ls", "absolute_error", "lad", "huber", "quantile")),
        *(ensemble.GradientBoostingClassifier(loss=loss, n_estimators=2) for loss in (
            "log_loss", "deviance", "exponential")),
        *(neural_network.MLPClassifier((2,), solver=s, max_iter=5, early_stopping=e)
          for s, e in (("adam", True), ("sgd", False), ("lbfgs", False))),
        *(neighbors.KNeighborsClassifier(2, algorithm=a, metric=m) for a, m in (
            ("kd_tree", "euclidean"), ("ball_tree", "manhattan"), ("brute", "cosine"),
            ("ball_tree", "chebyshev"), ("kd_tree", "minkowski"), ("ball_tree", "hamming"))),
        *(neighbors.KernelDensity(metric=m, algorithm="ball_tree") for m in (
            "euclidean", "manhattan", "haversine", "canberra", "braycurtis")),
        preprocessing.FunctionTransformer(np.log1p), preprocessing.FunctionTransformer(np.abs),
        preprocessing.PowerTransformer(), preprocessing.QuantileTransformer(n_quantiles=4),
        multioutput.ClassifierChain(linear()), multioutput.MultiOutputClassifier(linear()),
        tree.DecisionTreeRegressor(max_leaf_nodes=3), preprocessing.SplineTransformer()
        if hasattr(preprocessing, "SplineTransformer") else scaler(),
    ):  # fmt: skip
        target = np.c_[labels, labels] if type(model).__name__ in (
            "ClassifierChain", "MultiOutputClassifier") else labels  # fmt: skip
        yield from attempt(model.fit, table, target)
    for model in (text.TfidfVectorizer(), text.CountVectorizer(analyzer="char"),
                  text.HashingVectorizer(),
                  text.TfidfVectorizer(stop_words="english")):  # fmt: skip
        yield model.fit(sentences)
        yield pipeline.Pipeline([("t", model), ("c", linear())]).fit(sentences, labels)
    for name in ("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"):
        if not hasattr(ensemble, name):
            importlib.import_module("sklearn.experimental.enable_hist_gradient_boosting")
        for arguments in ({}, {"early_stopping": True}):
            yield from attempt(
                lambda kind, named: kind(max_iter=2, **named).fit(table, labels),
                getattr(ensemble, name),
                arguments,
            )
    yield from attempt(metrics.make_scorer, metrics.f1_score)
    for _, kind in inspect.getmembers(model_selection, inspect.isclass):
        if hasattr(kind, "split"):
            yield from attempt(kind)


def torch_models() -> Iterator[Any]:
    """Tensors of every type, parameters, modules of torch.nn, optimizers and schedulers."""
    import torch

    for kind in [kind for kind in vars(torch).values() if isinstance(kind, torch.dtype)]:
        yield from attempt(lambda kind: {"t": torch.zeros(2, dtype=kind), "d": kind}, kind)
    made = 0
    modules: list[Any] = [kind for _, kind in inspect.getmembers(torch.nn, inspect.isclass)]
    for module in modules:
        if not issubclass(module, torch.nn.Module):
            continue
        for arguments in ((), (2,), (2, 2), (2, 2, 2), (torch.nn.Linear(2, 2),),
                          (torch.nn.TransformerEncoderLayer(2, 1), 1),
                          (torch.nn.TransformerDecoderLayer(2, 1), 1)):  # fmt: skip
            try:
                model = module(*arguments)
                made += 1
            except Exception:  # the next arguments may suit it
                continue
            yield from (model, model.state_dict())
            break
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2), torch.nn.ReLU())
    optimizers: list[Any] = [kind for _, kind in inspect.getmembers(torch.optim, inspect.isclass)]
    for family in optimizers:
        for named in ({"lr": 0.1}, {}):
            try:
                optimizer = family(model.parameters(), **named)
                model(torch.zeros(2, 2)).sum().backward()
                optimizer.step()
            except Exception:  # the abstract base class, or sparse gradients only
                continue
            yield from (optimizer, optimizer.state_dict())
            break
    steps = torch.optim.SGD(model.parameters(), lr=0.1)
    for kind in (torch.optim.lr_scheduler.StepLR, torch.optim.lr_scheduler.CosineAnnealingLR,
                 torch.optim.lr_scheduler.ExponentialLR):  # fmt: skip
        yield from attempt(lambda kind: kind(steps, 1).state_dict(), kind)
    yield from (
        torch.nn.Parameter(torch.zeros(1)), torch.Size([1]), torch.device("cpu"),
        torch.zeros(2, 2).to_sparse(), torch.zeros(2, 2).to_sparse_csr(), torch.strided,
        torch.quantize_per_tensor(torch.zeros(2), 0.1, 0, torch.quint8), torch.sparse_coo,
        torch.quantize_per_channel(torch.zeros(2, 2), torch.ones(2), torch.zeros(2), 0,
                                  torch.qint8),
        torch.zeros(2, requires_grad=True), torch.zeros(2, dtype=torch.complex64).conj(),
        torch.zeros(2, device="meta"), torch.preserve_format,
        torch.zeros(2).to(torch.bfloat16), torch.channels_last,
        torch.nn.utils.weight_norm(torch.nn.Linear(2, 2)), torch.zeros(3)[1:],
    )  # fmt: skip
    yield from attempt(
        lambda: torch.ao.quantization.quantize_dynamic(
            torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU()), {torch.nn.Linear}
        )
    )
    print(f"  {made} modules of torch.nn", file=sys.stderr)


def boosting_models(library: str, prefix: str) -> Iterator[Any]:
    """Fitted models of one gradient boosting library."""
    module = importlib.import_module(library)
    table, labels = [[0.0, 1.0], [1.0, 0.0]] * 20, [0, 1] * 20
    for suffix in ("Classifier", "Regressor", "Ranker", "RFClassifier", "RFRegressor"):
        kind = getattr(module, prefix + suffix, None)
        if kind is None:
            continue
        named = {"verbose": 0, "allow_writing_files": False} if library == "catboost" else {}
        extra = {"group": [40]} if suffix == "Ranker" else {}
        model = kind(n_estimators=2, **named)
        fitted = list(attempt(model.fit, __import__("numpy").array(table), labels, **extra))
        yield from fitted
        for item in fitted:
            for reach in ("get_booster", "booster_"):
                booster = getattr(item, reach, None)
                yield booster() if callable(booster) and reach == "get_booster" else booster


def transformers_models() -> Iterator[Any]:
    """Training arguments as ``training_args.bin`` holds them, configurations and outputs."""
    transformers = importlib.import_module("transformers")
    yield from attempt(transformers.TrainingArguments, output_dir="out")
    yield from attempt(transformers.Seq2SeqTrainingArguments, output_dir="out")
    for name in ("BertConfig", "GPT2Config", "LlamaConfig", "T5Config", "ViTConfig",
                 "GenerationConfig", "RobertaConfig", "DistilBertConfig"):  # fmt: skip
        yield from attempt(getattr(transformers, name))
    tiny: dict[str, int] = {"hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 1}
    tiny.update(intermediate_size=4, vocab_size=8)
    for name in ("BertModel", "BertForSequenceClassification", "LlamaForCausalLM", "ViTModel"):
        kind = getattr(transformers, name, None)
        if kind is not None:
            yield from attempt(lambda kind: kind(kind.config_class(**tiny)), kind)
    yield from attempt(lambda: transformers.BatchEncoding({"a": [1]}))
    yield from attempt(lambda: transformers.trainer_utils.EvalPrediction([1], [1]))


def tokenizers_models() -> Iterator[Any]:
    """Tokenizers of every model kind."""
    tokenizers = importlib.import_module("tokenizers")

    for name in ("BPE", "WordPiece", "WordLevel", "Unigram"):
        yield from attempt(
            lambda kind: tokenizers.Tokenizer(kind()), getattr(tokenizers.models, name)
        )
    yield from attempt(tokenizers.AddedToken, "a")


def spacy_models() -> Iterator[Any]:
    """An empty pipeline, its vocabulary and a document."""
    spacy = importlib.import_module("spacy")

    language = spacy.blank("en")
    yield from (language.vocab, language.vocab.strings, language("one two"))


def statsmodels_models() -> Iterator[Any]:
    """Fitted regressions and a time series model."""
    import numpy as np

    sm = importlib.import_module("statsmodels.api")

    rng = np.random.RandomState(0)
    table, target = sm.add_constant(rng.rand(40, 2)), rng.rand(40)
    binary = (target > 0.5).astype(int)
    for kind, values in ((sm.OLS, target), (sm.Logit, binary), (sm.GLM, binary), (sm.RLM, target),
                         (sm.WLS, target), (sm.Probit, binary), (sm.Poisson, binary)):  # fmt: skip
        yield from attempt(lambda kind, values: kind(values, table).fit(), kind, values)
    yield from attempt(lambda: sm.tsa.ARIMA(target, order=(1, 0, 0)).fit())
    yield from attempt(lambda: sm.tsa.ExponentialSmoothing(target).fit())


GENERATORS: dict[str, Callable[[], Iterable[Any]]] = {
    "numpy": numpy_models,
    "scipy": scipy_models,
    "pandas": pandas_models,
    "scikit-learn": sklearn_models,
    "torch": torch_models,
    "xgboost": lambda: boosting_models("xgboost", "XGB"),
    "lightgbm": lambda: boosting_models("lightgbm", "LGBM"),
    "catboost": lambda: boosting_models("catboost", "CatBoost"),
    "transformers": transformers_models,
    "tokenizers": tokenizers_models,
    "spacy": spacy_models,
    "statsmodels": statsmodels_models,
}
