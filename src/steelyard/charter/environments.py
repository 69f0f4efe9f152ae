# SPDX-License-Identifier: Apache-2.0
"""The two environments rules are compiled in: one with types to check them, one to run them.

See :mod:`steelyard.charter.engine` for why there are two.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from steelyard.charter.facts import Facts, all_facts, fact_types, fields_of
from steelyard.charter.functions import FUNCTIONS as DOMAIN

if TYPE_CHECKING:
    from cel_expr_python import cel


@cache
def loose_environment() -> cel.Env:
    """Return the environment to run in: groups of facts are maps, what is unknown is left out."""
    from cel_expr_python import cel

    variables = {
        fact.path: cel.Type.STRING if fact.message is None else cel.Type.DYN
        for fact in fields_of(Facts)
    }
    return cel.NewEnv(variables=variables, functions=_declared(typed=False))


def _declared(*, typed: bool) -> list[cel.FunctionDecl]:
    """Return the functions of :mod:`steelyard.charter.functions` as the engine declares them."""
    from cel_expr_python import cel

    words = {"string": cel.Type.STRING, "int": cel.Type.INT, "bool": cel.Type.BOOL}
    types = fact_types()

    def kind(name: str) -> cel.Type:
        if name in words:
            return words[name]
        message = types[name].message
        assert message is not None
        if typed:
            return cel.Type(f"steelyard.{message.__name__}")
        return cel.Type.Map(cel.Type.STRING, cel.Type.DYN)

    return [
        cel.FunctionDecl(
            function.name,
            [
                cel.Overload(
                    f"steelyard_{function.name}",
                    kind(function.result),
                    [kind(name) for name in function.parameters],
                    function.member,
                    function.call,
                )
            ],
        )
        for function in DOMAIN
    ]


@cache
def typed_environment() -> cel.Env:
    """Build the checking environment: one protobuf message type for each struct of facts."""
    from cel_expr_python import cel
    from google.protobuf import descriptor_pb2, descriptor_pool

    kinds = descriptor_pb2.FieldDescriptorProto
    types = {
        "bool": kinds.TYPE_BOOL,
        "int": kinds.TYPE_INT64,
        "string": kinds.TYPE_STRING,
        "strings": kinds.TYPE_STRING,
        "date": kinds.TYPE_STRING,
        "message": kinds.TYPE_MESSAGE,
    }
    file = descriptor_pb2.FileDescriptorProto(
        name="steelyard/facts.proto", package="steelyard", syntax="proto3"
    )
    messages = {fact.message for fact in all_facts() if fact.message is not None}
    for message in sorted(messages, key=lambda kind: kind.__name__):
        described = file.message_type.add(name=message.__name__)
        for number, fact in enumerate(fields_of(message), 1):
            many = kinds.LABEL_REPEATED if fact.kind == "strings" else kinds.LABEL_OPTIONAL
            added = described.field.add(
                name=fact.path, number=number, label=many, type=types[fact.kind]
            )
            if fact.message is not None:
                added.type_name = f".steelyard.{fact.message.__name__}"
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    variables = {
        fact.path: cel.Type.STRING
        if fact.message is None
        else cel.Type(f"steelyard.{fact.message.__name__}")
        for fact in fields_of(Facts)
    }
    return cel.NewEnv(pool, variables=variables, functions=_declared(typed=True))
