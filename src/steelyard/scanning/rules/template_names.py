# SPDX-License-Identifier: Apache-2.0
"""Which names of a template hold text that it put together, and which values it filed itself.

A publisher who wants ``__class__`` without writing it joins it from pieces, keeps it in a variable
or in a special token, and uses that as the name of an item; or keeps what was reached that way
under the name of a harmless method and calls it. Neither is what honest templates do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jinja2 import nodes

_ROUNDS = 30
"""Variables made of variables are followed this far; after that every variable counts as built."""
_BUILDERS = frozenset({
    "join", "format", "replace", "lower", "upper", "capitalize", "title", "reverse", "trim",
    "string", "strip", "lstrip", "rstrip", "removeprefix", "removesuffix", "center", "urlencode",
    "batch", "slice", "truncate", "decode", "encode", "pprint", "random",
})  # fmt: skip
"""Filters and methods that make one text out of others."""
_NUMBERS = frozenset({"length", "count", "int", "float", "abs", "round"})
_NO_TEXT = frozenset({"range", "len", "dict", "namespace"})
_RECORDS = ("namespace", "dict")

_Binding = tuple[set[str], nodes.Node]


def built_names(tree: nodes.Template) -> set[str]:
    """Return the variables whose text may have been put together, or is a token's own text.

    Attributes of namespaces count by their own name.
    """
    bindings = [*_assigned(tree), *_given(tree)]
    built = {name for block in tree.find_all(nodes.AssignBlock) for name in _names(block.target)}
    for _ in range(_ROUNDS):
        found: set[str] = set()
        for names, value in bindings:
            if not names <= built and builds_text(value, built):
                found |= names
        if not found:
            return built
        built |= found
    return built.union(*(names for names, _ in bindings))


def _assigned(tree: nodes.Template) -> Iterator[_Binding]:
    """Yield what variables and attributes of namespaces are set to."""
    for assign in tree.find_all(nodes.Assign):
        yield _names(assign.target), assign.node
    for loop in tree.find_all(nodes.For):
        yield _names(loop.target), loop.iter
    for block in tree.find_all(nodes.With):
        for target, value in zip(block.targets, block.values, strict=True):
            yield _names(target), value
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in _RECORDS:
            for keyword in call.kwargs:
                yield {keyword.key}, keyword.value


def _given(tree: nodes.Template) -> Iterator[_Binding]:
    """Yield what arguments of macros and call blocks may be: their defaults, and what is given."""
    given: dict[str, list[nodes.Node]] = {}
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name):
            values = [*call.args, *(keyword.value for keyword in call.kwargs)]
            given.setdefault(call.node.name, []).extend(values)
    taking: dict[str, set[str]] = {}
    for macro in tree.find_all(nodes.Macro):
        names = {argument.name for argument in macro.args}
        taking.setdefault(macro.name, set()).update(names)
        for default in macro.defaults:
            yield names, default
    for block in tree.find_all(nodes.CallBlock):
        taking.setdefault("caller", set()).update(argument.name for argument in block.args)
    for name, names in taking.items():
        for value in given.get(name, []):
            yield names, value


def filed_names(tree: nodes.Template) -> set[str]:
    """Return the names under which the template files values: called, they are not methods."""
    names: set[str] = set()
    for pair in tree.find_all(nodes.Pair):
        if isinstance(pair.key, nodes.Const) and isinstance(pair.key.value, str):
            names.add(pair.key.value)
    names -= set(dir(dict))  # the real methods of a dictionary win over its items
    names |= {reference.attr for reference in tree.find_all(nodes.NSRef)}
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in _RECORDS:
            names |= {keyword.key for keyword in call.kwargs}
    return names


def builds_text(value: nodes.Node, built: set[str]) -> bool:
    """Tell whether an expression may put a text together, itself or through a built variable."""
    if isinstance(value, nodes.Concat):
        return True
    if isinstance(value, nodes.Const):
        return isinstance(value.value, str) and value.value.startswith("_")
    if isinstance(value, nodes.Name):
        return value.name in built or value.name.endswith("_token")
    if isinstance(value, nodes.Getattr):
        return value.attr in built
    if isinstance(value, nodes.Filter):
        inner = [node for node in (value.node, *value.args) if node is not None]
        return value.name in _BUILDERS or (value.name not in _NUMBERS and _any(inner, built))
    if isinstance(value, nodes.Call):
        return _call_builds(value)
    if isinstance(value, nodes.Getitem):
        # A piece of a text that is written out or put together; not an item of the data.
        return isinstance(value.node, nodes.Const) or builds_text(value.node, built)
    if isinstance(value, nodes.Compare | nodes.Not | nodes.Test | nodes.Slice):
        return False
    return _any(value.iter_child_nodes(), built)


def _any(values: Iterable[nodes.Node], built: set[str]) -> bool:
    return any(builds_text(value, built) for value in values)


def _call_builds(call: nodes.Call) -> bool:
    if isinstance(call.node, nodes.Name):
        return call.node.name not in _NO_TEXT  # a macro gives back the text it printed
    return isinstance(call.node, nodes.Getattr) and call.node.attr in _BUILDERS


def _names(target: nodes.Node) -> set[str]:
    names = {node.name for node in target.find_all(nodes.Name)}
    if isinstance(target, nodes.Name):
        names.add(target.name)
    if isinstance(target, nodes.NSRef):
        names.add(target.attr)
    return names
