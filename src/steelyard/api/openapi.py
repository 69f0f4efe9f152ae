# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document: replies described by the types that encode them, errors by one schema."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from msgspec import Struct

from steelyard import __version__

_REF = "#/components/schemas/{name}"
_TYPES: dict[str, Any] = {}


class FieldFault(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One field or place that is wrong."""

    detail: str
    field: str = ""
    pointer: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    next_step: str = ""


class Problem(Struct, frozen=True, kw_only=True):
    """RFC 9457: what went wrong, whose fault it is, and what to do now."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    next_step: str
    instance: str
    errors: list[FieldFault] = []
    current: Any = None


def schema_of(kind: Any) -> dict[str, Any]:
    """Return a reference to the schema of a msgspec type, and remember the type."""
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=_REF)
    _TYPES[repr(kind)] = kind
    return schema


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the document of all routes; it is made once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title="Steelyard",
            version=__version__,
            openapi_version="3.1.0",
            description=__doc__ or "",
            routes=app.routes,
        )
        _, types = msgspec.json.schema_components([*_TYPES.values(), Problem], ref_template=_REF)
        components = document.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        if twice := schemas.keys() & types.keys():
            raise ValueError(f"two schemas of the API have one name: {sorted(twice)}")
        schemas.update(types)
        components["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer"},
            "session": {"type": "apiKey", "in": "cookie", "name": "steelyard"},
        }
        for path in document["paths"].values():
            for operation in path.values():
                _complete(operation)
        app.openapi_schema = document
    return app.openapi_schema


def _complete(operation: dict[str, Any]) -> None:
    """Add to one operation who may call it and how it fails."""
    problem = {"application/problem+json": {"schema": {"$ref": _REF.format(name="Problem")}}}
    responses = operation.setdefault("responses", {})
    responses.pop("422", None)
    responses["default"] = {"description": "A problem (RFC 9457)", "content": problem}
    if operation.get("x-right") != "open":
        operation["security"] = [{"token": []}, {"session": []}]
