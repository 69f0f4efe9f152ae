# SPDX-License-Identifier: Apache-2.0
"""Names the scanner plug-ins a charter wants, as the sandbox is told of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.kernel.errors import InputError

if TYPE_CHECKING:
    from steelyard.charter.schema import Charter
    from steelyard.kernel.inspection import PluginRef


def plugins_of(charter: Charter) -> tuple[PluginRef, ...]:
    """Return the plug-ins a charter wants; paths of rules are meant from the working directory."""
    if charter.scanner is None:
        return ()
    return tuple(
        plugin_ref(plugin.name, plugin.version, [Path(path) for path in plugin.rules])
        for plugin in charter.scanner.plugins
    )


def plugin_ref(name: str, version: str, rules: Sequence[Path] = ()) -> PluginRef:
    """Return what names a plug-in to the sandbox.

    Raises:
        InputError: a path of rules does not exist.
    """
    from steelyard.kernel.inspection import PluginRef, location_of

    for path in rules:
        if not path.exists():
            raise InputError(
                f"The rules {str(path)!r} of the plug-in {name!r} are not there.",
                next_step="Check the path; it is meant from the directory the command runs in.",
                code="plugin.rules",
            )
    paths = tuple(location_of(os.fsencode(os.path.realpath(path))) for path in rules)
    return PluginRef(name=name, version=version, paths=paths)
