# SPDX-License-Identifier: Apache-2.0
"""The machine sees every way to import and call, in bounded memory and time."""

from __future__ import annotations

import contextlib
import pickle
import time
import tracemalloc

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.artifacts.pickle import OpcodeReader
from steelyard.artifacts.source import BytesSource
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.limits import DEFAULT_LIMITS, Limits
from steelyard.scanning.pickles.expansion import expansion_of
from steelyard.scanning.pickles.interpreter import Machine
from steelyard.scanning.pickles.values import Call


class _SlowReader(OpcodeReader):
    """Offers no window, so that every opcode takes the slow way."""

    def window(self) -> tuple[bytes, int, int]:
        buffer, at, _ = super().window()
        return buffer, at, 0


def run(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Machine:
    machine = Machine(limits)
    machine.run(OpcodeReader(BytesSource(data), 0, limits))
    return machine


def called(machine: Machine) -> set[str]:
    return {name.dotted for name in machine.names.values() if name.invoked}


@pytest.mark.parametrize(
    "data",
    [
        b"cos\nsystem\n(S'true'\ntR.",
        b"\x80\x02cos\nsystem\nX\x04\0\0\0true\x85R.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
        b"\x80\x04\x8c\x06system\x940\x8c\x02osh\0\x93\x8c\x04true\x85R.",
        b"\x80\x04\x8c\x02osq\x05\x8c\x06systemq\x070h\x07\x93N\x85R.",
        b"(S'true'\nios\nsystem\n.",
        b"(cos\nsystem\nS'true'\no.",
        b"cos\nsystem\n(S'true'\nt\x81.",
        b"\x80\x04cos\nsystem\n)}\x92.",
        b"V\\u006fs\nVsystem\n\x93(tR.",
        b"S'\\x6fs'\nS'syste\\155'\n\x93)R.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93q\xc8" + b"0" + b"h\xc8)R.",
    ],
)
def test_every_way_to_call_is_seen(data: bytes) -> None:
    assert called(run(data)) == {"os.system"}


def test_computed_names_and_blind_calls() -> None:
    machine = run(b"\x80\x04N\x8c\x06system\x93)R.")
    assert machine.unresolved == [11]
    assert len(machine.blind_calls) == 1
    assert run(b"\x82\x01)R.").extensions == [0]
    (write,) = run(b"cos\nenviron\n}b.").writes
    assert write[0].dotted == "os.environ"


def test_watched_calls_carry_their_arguments() -> None:
    seen: list[Call] = []
    machine = Machine(DEFAULT_LIMITS, on_call=seen.append)
    data = b"cbuiltins\ngetattr\n(cos\nx\nS'system'\ntR."
    machine.run(OpcodeReader(BytesSource(data), 0, DEFAULT_LIMITS))
    assert seen[0].arguments[1] == "system"


def test_what_was_seen_before_a_break_is_kept() -> None:
    machine = Machine(DEFAULT_LIMITS)
    with pytest.raises(ArtifactError):
        machine.run(OpcodeReader(BytesSource(b"cos\nsystem\n)R\xff"), 0, DEFAULT_LIMITS))
    assert called(machine) == {"os.system"}


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(), inner, max_size=8)
    | st.tuples(inner, inner),
    max_leaves=60,
)  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(_VALUES, st.integers(0, 5))
def test_plain_data_runs_through_and_imports_nothing(value: object, protocol: int) -> None:
    data = pickle.dumps([value] * 40 + [value], protocol)
    machine = run(data)
    assert not machine.acted
    assert machine.opcodes == sum(1 for _ in OpcodeReader(BytesSource(data), 0, DEFAULT_LIMITS)
                                  .opcodes())  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 255), min_size=0, max_size=600), st.integers(0, 3))
def test_the_fast_loop_agrees_with_the_handlers(noise: list[int], protocol: int) -> None:
    value = {"k": noise, "t": [tuple(noise[:3]), {"z": noise[:5]}], "s": [str(n) for n in noise]}
    padded = pickle.dumps([value, "os", "system", value], protocol + 2) + b"\0" * 1000
    machine = run(padded)
    slow = Machine(DEFAULT_LIMITS)
    slow.run(_SlowReader(BytesSource(padded), 0, DEFAULT_LIMITS))
    assert machine.opcodes == slow.opcodes
    assert len(machine._memo) == len(slow._memo)
    assert [type(item) for item in machine._memo] == [type(item) for item in slow._memo]


_OPCODES = st.lists(
    st.sampled_from([
        b"0", b"1", b"(", b"N", b"]", b"}", b")", b"\x85", b"\x86", b"\x87", b"\x94", b"h\0", b"a",
        b"e", b"s", b"u", b"K\x07", b"q\0", b"\x80\x04", b"\x95" + bytes(8), b"\x8c\x02os", b"\x93",
    ]),
    max_size=60,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(_OPCODES)
def test_random_opcodes_mean_the_same_in_the_fast_loop(pieces: list[bytes]) -> None:
    data = b"NNNN" + b"".join(pieces) + b"." + b"\0" * 3000
    seen = []
    for kind in (OpcodeReader, _SlowReader):
        machine, message = Machine(DEFAULT_LIMITS), ""
        try:
            machine.run(kind(BytesSource(data), 0, DEFAULT_LIMITS))
        except ArtifactError as error:
            message = f"{error} {error.offset}"
        seen.append((machine.opcodes, message, list(machine.names), machine.unresolved,
                     [type(item) for item in machine._memo]))  # fmt: skip
    assert seen[0] == seen[1]


def test_objects_held_at_one_time_are_bounded() -> None:
    limits = msgspec.structs.replace(DEFAULT_LIMITS, pickle_memo=1_500_000)
    with pytest.raises(LimitExceeded) as caught:
        run(b"N" * 3_500_000 + b".", limits)
    assert caught.value.code == "pickle.size"


def test_memory_follows_different_names_only() -> None:
    data = b"\x80\x02" + b"cnumpy\ndtype\n(U\x02f8tR0" * 20_000 + b"N."
    tracemalloc.start()
    machine = run(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(machine.names) == 1
    assert peak < 8 << 20


@pytest.mark.parametrize("piece", [b"\x85", b"}", b"]\x94", b"N\x94", b"(", b"K\x01"])
def test_floods_stay_small_or_stop(piece: bytes) -> None:
    data = b"\x80\x04]N" + piece * 150_000
    tracemalloc.start()
    start = time.process_time()
    with pytest.raises(ArtifactError):
        run(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30 << 20
    assert time.process_time() - start < 20


def test_limits() -> None:
    limits = msgspec.structs.replace(DEFAULT_LIMITS, pickle_opcodes=1000, pickle_memo=100)
    with pytest.raises(LimitExceeded) as caught:
        run(b"N0" * 5000 + b"N.", limits)
    assert caught.value.code == "pickle.size"
    with pytest.raises(LimitExceeded):
        run(b"]\x94" * 200 + b"N.", limits)
    with pytest.raises(LimitExceeded):
        run(b"]" + b"2" * 1000 + b".")
    with pytest.raises(ArtifactError):
        run(b"Np-3\n.")
    with pytest.raises(ArtifactError):
        run(b"h\x05.")


@settings(max_examples=400, deadline=2000)
@given(st.binary(max_size=200))
def test_any_bytes_raise_artifact_errors_only(data: bytes) -> None:
    for prefix in (b"", b"\x80\x04(cos\nsystem\n]})"):
        with contextlib.suppress(ArtifactError):
            run(prefix + data)
        expansion_of(BytesSource(prefix + data), 0, DEFAULT_LIMITS)


def test_expansion_is_measured() -> None:
    laughs = b"\x80\x04]\x940" + b"".join(
        b"](" + b"h" + bytes([n]) + b"h" + bytes([n]) + b"e\x940" for n in range(40)
    )
    assert "parts" in expansion_of(BytesSource(laughs + b"h\x28."), 0, DEFAULT_LIMITS)
    nested = b"\x80\x04" + b"]" * 9000 + b"a" * 8999 + b"."
    assert "nested" in expansion_of(BytesSource(nested), 0, DEFAULT_LIMITS)
    shared = ["x" * 10] * 1000
    honest = pickle.dumps({"a": [shared] * 100, "b": list(range(1000))})
    assert expansion_of(BytesSource(honest), 0, DEFAULT_LIMITS) == ""
