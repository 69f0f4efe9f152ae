# SPDX-License-Identifier: Apache-2.0
"""Works out from the state of joblib's array wrapper how many raw bytes follow it."""

from __future__ import annotations

from typing import Any

from steelyard.artifacts.numpy_files import describe
from steelyard.artifacts.shapes import elements_of
from steelyard.kernel.errors import ArtifactError
from steelyard.scanning.pickles.values import Made


def array_elements(state: dict[str, Any]) -> int:
    """Return how many elements the wrapped array has."""
    shape = state.get("shape")
    sizes = shape if type(shape) is tuple else ()
    return elements_of([size if type(size) is int and size >= 0 else 0 for size in sizes])


def _dtype_text(state: dict[str, Any]) -> str | None:
    dtype = state.get("dtype")
    if type(dtype) is Made and type(dtype.arguments) is tuple and dtype.arguments:
        first = dtype.arguments[0]
        return first if type(first) is str else None
    return None


def holds_objects(state: dict[str, Any]) -> bool:
    """Tell whether the elements are Python objects, which are pickled instead of written raw."""
    dtype = state.get("dtype")
    text = _dtype_text(state) or ""
    flags = 0
    if type(dtype) is Made and type(dtype.state) is tuple and len(dtype.state) > 7:
        flags = dtype.state[7] if type(dtype.state[7]) is int else 0
    # NumPy's NPY_ITEM_HASOBJECT is bit 0 of the data type's flags.
    return text.startswith("O") or bool(flags & 1)


def array_size(state: dict[str, Any]) -> int | None:
    """Return the raw bytes of a wrapped array; 0 for objects; None when it cannot be known."""
    text = _dtype_text(state)
    if text is None or type(state.get("shape")) is not tuple:
        return None
    if holds_objects(state):
        return 0
    try:
        _, item = describe(text)
    except ArtifactError:
        return None
    return array_elements(state) * item
