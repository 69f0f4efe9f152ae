# SPDX-License-Identifier: Apache-2.0
"""``steelyard license show``: what one license permits, asks and rules out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from steelyard.cli.door import EXIT_OK, console, format_option, print_json
from steelyard.kernel.errors import InputError

if TYPE_CHECKING:
    from steelyard.catalog.license_terms import LicenseTerms
    from steelyard.catalog.licenses import License

_EFFECTS = {
    "permission": ("Permits", "green"),
    "condition": ("Asks", "yellow"),
    "prohibition": ("Rules out", "red"),
    "fact": ("Also", "cyan"),
}


def find(name: str) -> License:
    """Return the license a key, SPDX id, Hub tag or name means.

    Raises:
        InputError: none does, or several do; the message names them.
    """
    from steelyard.catalog.licenses import by_key, candidates, nearest_names

    known = by_key(name)
    found = (known,) if known else candidates(name)
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(
            f"{name!r} may mean {', '.join(entry.key for entry in found)}.",
            next_step="Name one of them.",
            code="license.ambiguous",
        )
    near = nearest_names(name)
    raise InputError(
        f"There is no license {name!r} in the catalog.",
        next_step=f"Did you mean {', '.join(near)}?" if near else "See: steelyard license list",
        code="license.unknown",
    )


@click.command("show")
@click.argument("name", metavar="LICENSE")
@format_option()
def command(name: str, output_format: str) -> int:
    """Show what LICENSE permits, asks and rules out, with its own words.

    LICENSE is a catalog key, an SPDX id, a Hub tag or a usual name.
    """
    entry = find(name)
    if output_format == "json":
        import msgspec

        from steelyard.catalog.license_terms import license_terms

        terms = license_terms(entry.key)

        print_json(
            msgspec.json.encode(
                {"schema": "steelyard.license-terms/v1", "license": entry, "terms": terms}
            )
        )
        return EXIT_OK
    return display(entry)


def display(entry: License) -> int:
    """Print the page of a license."""
    from steelyard.catalog.license_terms import license_terms

    _render(entry, license_terms(entry.key))
    return EXIT_OK


def _render(entry: License, terms: LicenseTerms | None) -> None:
    from rich.padding import Padding
    from rich.text import Text

    from steelyard.catalog.license_terms import CODES

    screen = console()
    screen.print(Text(entry.name, "bold"))
    known = terms or entry
    dated = f"{known.as_of}, {known.confidence}"
    for label, value in (
        ("key", entry.key),
        ("SPDX", entry.spdx),
        ("Hub tags", ", ".join(entry.hub_tags)),
        ("category", entry.category),
        ("commercial use", f"{entry.commercial_use.answer} {entry.commercial_use.text}".strip()),
        ("source", known.source),
        ("as of", dated),
    ):
        if value:
            screen.print(Text.assemble((f"{label}: ", "dim"), value))
    if terms is None:
        screen.print(Text("Its terms are not written down here yet.", "yellow"))
        return
    for effect, (title, style) in _EFFECTS.items():
        shown = [term for term in terms.terms if CODES[term.code][0] == effect]
        if shown:
            screen.print(Text(f"\n{title}", f"bold {style}"))
        for term in shown:
            wish = " (a wish, not a duty)" if term.encouraged else ""
            place = f"{term.document} {term.section}".strip()
            screen.print(
                Padding(Text.assemble((term.code, style), f": {term.says}{wish}"), (0, 0, 0, 2))
            )
            if term.quote:
                screen.print(Padding(Text(f"{place}: “{term.quote}”", "dim"), (0, 0, 0, 4)))
    if terms.notes:
        screen.print(Text(f"\nNote: {terms.notes}", "dim"))
