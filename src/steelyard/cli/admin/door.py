# SPDX-License-Identifier: Apache-2.0
"""What the commands of ``steelyard admin`` share: where the data lies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from steelyard.bootstrap.house import House
    from steelyard.platform.identity.people import Person

F = TypeVar("F", bound=Callable[..., object])


def data_option() -> Callable[[F], F]:
    """Return the option ``--data``."""
    return click.option(
        "--data",
        type=click.Path(path_type=Path, file_okay=False),
        help="The server's data directory. [default: STEELYARD_DATA, else steelyard-data]",
    )


@contextmanager
def opened(data: Path | None) -> Iterator[House]:
    """Yield the house that the settings of this machine describe."""
    from steelyard.bootstrap.house import open_house
    from steelyard.platform.settings import read_settings

    house = open_house(read_settings(data=data))
    try:
        yield house
    finally:
        house.close()


def account(house: House, mail: str) -> Person:
    """Return whose address this is.

    Raises:
        MissingError: nobody's.
    """
    from steelyard.kernel.errors import MissingError
    from steelyard.platform.identity import people

    with house.reading() as session:
        found = people.by_mail(session, mail)
    if found is None:
        raise MissingError(
            f"There is no account for {mail!r}.",
            next_step="Run `steelyard admin list-users`.",
            code="identity.missing",
        )
    return found
