# SPDX-License-Identifier: Apache-2.0
"""The fuzzing harness finds what it has to find, and a short run of it finds nothing."""

from __future__ import annotations

import pytest
from tests.fuzz import worker
from tests.fuzz.mutate import mutated
from tests.fuzz.seeds import kept, seeds


def test_an_exception_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("planted")

    monkeypatch.setattr("steelyard.scanning.runner.examine_nested", broken)
    ((kind, text),) = worker.attempt("a.pkl", b"\x80\x04N.")
    assert kind == "broke"
    assert "planted" in text


def test_slowness_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "INPUT_SECONDS", -1.0)
    assert [kind for kind, _ in worker.attempt("a.pkl", b"\x80\x04N.")] == ["slow"]


def test_an_input_is_a_function_of_its_number() -> None:
    listed = seeds()
    assert mutated(7, listed) == mutated(7, listed)
    assert len({mutated(number, listed) for number in range(50)}) > 40


def test_kept_inputs_break_nothing() -> None:
    for name, data in kept():
        assert worker.attempt(name, data) == [], name


@pytest.mark.parametrize("start", [0, 1000, 2000])
def test_a_few_inputs_break_nothing(start: int) -> None:
    listed = seeds()
    for number in range(start, start + 150):
        assert worker.attempt(*mutated(number, listed)) == [], number
