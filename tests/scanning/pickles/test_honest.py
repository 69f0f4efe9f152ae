# SPDX-License-Identifier: Apache-2.0
"""Any graph of honest objects, pickled with any protocol, comes out clean."""

from __future__ import annotations

import argparse
import collections
import datetime as dt
import decimal
import fractions
import ipaddress
import pathlib
import pickle
import types
import uuid
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.artifacts.source import BytesSource
from steelyard.kernel.finding import Coverage, Severity
from steelyard.kernel.limits import DEFAULT_LIMITS
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.pickles import examine_pickle

_LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=40),
    st.binary(max_size=40), st.datetimes(), st.dates(), st.times(), st.timedeltas(), st.uuids(),
    st.complex_numbers(), st.decimals(allow_nan=False), st.fractions(),
    st.builds(bytearray, st.binary(max_size=9)),
    st.ip_addresses(), st.sampled_from([
        int, float, len, sorted, dict, collections.OrderedDict, dt.UTC, ValueError,
        pathlib.PurePosixPath("a/b"), range(3), slice(1, 2), ..., argparse.Namespace(a=1),
        types.SimpleNamespace(b=2), decimal.Decimal(1), fractions.Fraction(1, 2), uuid.UUID(int=1),
        ipaddress.ip_network("10.0.0.0/8"),
    ]),
)  # fmt: skip
_KEYS = st.text(max_size=9) | st.integers()


def _graph(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    few = st.lists(inner, max_size=4)
    return st.one_of(
        few, few.map(tuple), st.dictionaries(_KEYS, inner, max_size=4), few.map(collections.deque),
        st.dictionaries(_KEYS, inner, max_size=3).map(collections.OrderedDict),
        st.dictionaries(_KEYS, inner, max_size=3).map(lambda d: collections.defaultdict(list, d)),
        few.map(lambda items: [items, items]), few.map(iter),
        inner.map(lambda item: argparse.Namespace(item=item)),
        st.frozensets(_KEYS, max_size=4), st.sets(_KEYS, max_size=4),
    )  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.recursive(_LEAVES, _graph, max_leaves=25), st.integers(0, 5))
def test_honest_graphs_are_clean(value: Any, protocol: int) -> None:
    into = Examination(DEFAULT_LIMITS)
    data = pickle.dumps(value, protocol)
    examine_pickle(Context("model.pkl", "pickle", DEFAULT_LIMITS), BytesSource(data), into)
    grave = [item for item in into.findings if item.severity is not Severity.INFO]
    assert not grave
    assert into.coverage is Coverage.FULL
