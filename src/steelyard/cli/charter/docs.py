# SPDX-License-Identifier: Apache-2.0
"""``steelyard charter docs``: a charter as a handbook for the people who work by it."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.cli.charter.reading import print_document, read_charter
from steelyard.cli.door import EXIT_OK, deliver, format_option


@click.command("docs")
@click.argument("file")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), default="handbook.html",
    show_default=True, help="Where to write the page.",
)  # fmt: skip
@click.option(
    "--pdf", type=click.Path(path_type=Path, dir_okay=False),
    help="Print it to this file as well (needs Chromium).",
)  # fmt: skip
@click.option("--since", metavar="CHARTER", help="Say what changed since this earlier charter.")
@format_option()
def command(
    file: str, output: Path, pdf: Path | None, since: str | None, output_format: str
) -> int:
    """Write a handbook of a charter for staff: one HTML page that needs nothing else.

    FILE is a charter or the name of a shipped one. The page has every rule and control in plain
    words, who decides what, and a first week for each role. It prints on A4.
    """
    import msgspec

    from steelyard.bootstrap import load_policy, utc_now
    from steelyard.platform.browser import print_pdf
    from steelyard.reporting.handbook.book import handbook_of
    from steelyard.reporting.handbook.render import render_handbook

    policy = load_policy(file)
    diff = None
    if since is not None:
        from steelyard.charter.diff import compare

        diff = compare(read_charter(since), policy.charter)
    page = render_handbook(
        policy.charter,
        policy.identity,
        file=file,
        today=utc_now().date(),
        since=diff,
    )
    printed = print_pdf(page) if pdf is not None else None
    deliver(page, output)
    if pdf is not None and printed is not None:
        deliver(printed, pdf)
    if output_format == "json":
        book = msgspec.to_builtins(handbook_of(policy.charter, policy.identity, file))
        written = {"output": str(output), "pdf": str(pdf) if pdf else None}
        print_document({"schema": book.pop("schema"), **book, **written})
        return EXIT_OK
    click.echo(
        f"Wrote the handbook of {policy.identity.name} {policy.identity.version} to {output}."
    )
    if pdf is not None:
        click.echo(f"Printed it to {pdf}.")
    return EXIT_OK
