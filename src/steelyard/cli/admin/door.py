# SPDX-License-Identifier: Apache-2.0
"""What the commands of ``steelyard admin`` share: where the data lies."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from steelyard.bootstrap.house import House

F = TypeVar("F", bound=Callable[..., object])


def data_option() -> Callable[[F], F]:
    """Return the option ``--data``."""
    return click.option(
        "--data",
        type=click.Path(path_type=Path, file_okay=False),
        help="The server's data directory. Default: that of this user, or the database at "
        "STEELYARD_DATABASE_URL.",
    )


@contextmanager
def opened(data: Path | None) -> Iterator[House]:
    """Yield the house on the database of this machine."""
    from steelyard.bootstrap.local_house import local_house
    from steelyard.platform.keys import data_home

    url = None if data else os.environ.get("STEELYARD_DATABASE_URL")
    with local_house(data or data_home(os.environ) / "server", url) as house:
        yield house
