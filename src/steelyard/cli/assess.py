# SPDX-License-Identifier: Apache-2.0
"""``steelyard assess``: weigh a model for a use case and decide, with evidence."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.cli.door import (
    EXIT_OK,
    EXIT_REJECTED,
    EXIT_UNDECIDED,
    console,
    format_option,
    print_json,
)
from steelyard.cli.progress import examining
from steelyard.kernel.assessment import Outcome
from steelyard.kernel.errors import InputError

EXITS = {
    Outcome.APPROVED: EXIT_OK,
    Outcome.APPROVED_WITH_CONDITIONS: EXIT_OK,
    Outcome.REVIEW_REQUIRED: EXIT_UNDECIDED,
    Outcome.REJECTED: EXIT_REJECTED,
}
_REMOTE = ("hf:", "oci:", "s3:", "mlflow:")


def local_path(reference: str) -> Path:
    """Return the path a model reference names.

    Raises:
        InputError: the reference names a place this version cannot fetch from.
    """
    if reference.startswith(_REMOTE):
        scheme = reference.partition(":")[0]
        raise InputError(
            f"References of the kind {scheme}: cannot be fetched by this version.",
            next_step="Download the revision first (for example with the Hub's own client) and "
            "name its directory; a snapshot in the client's cache keeps its commit.",
            code="reference.unsupported",
        )
    return Path(reference)


@click.command()
@click.argument("reference", metavar="MODEL")
@click.option(
    "--use-case",
    "use_case_file",
    required=True,
    type=click.Path(path_type=Path),
    help="YAML file that says what the model is for.",
)
@click.option(
    "--charter",
    "charter_name",
    default="standard",
    show_default=True,
    help="starter, standard, regulated, or a charter file.",
)
@click.option("--environment", help="Where it will run; the use case's own if not given.")
@click.option("--purl", help="Package URL of the revision, if you vouch for it.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Record the decision: sign it, append it to the ledger, write the evidence here.",
)
@format_option()
@click.pass_context
def command(
    ctx: click.Context,
    reference: str,
    use_case_file: Path,
    charter_name: str,
    environment: str | None,
    purl: str | None,
    output: Path | None,
    output_format: str,
) -> None:
    """Weigh MODEL, a directory or file, for a use case under a charter, and decide.

    Without --output this is a rehearsal: nothing is signed or recorded.

    Exit codes: 0 approved, with or without conditions; 1 rejected; 3 review required.
    """
    from steelyard.kernel.limits import DEFAULT_LIMITS
    from steelyard.platform.sandbox import PAPERS_AND_BYTES, begin
    from steelyard.platform.tree import walk

    path = local_path(reference)
    tree = walk(path, DEFAULT_LIMITS)
    with (
        examining(tree, quiet=output_format != "text") as progress,
        begin(tree, tasks=PAPERS_AND_BYTES, progress=progress) as running,
    ):
        # Everything that does not need the bytes is done while they are examined; an error in the
        # use case or the charter ends the examination.
        from steelyard import bootstrap

        use_case = bootstrap.load_use_case(use_case_file)
        bootstrap.check_current(use_case)
        policy = bootstrap.load_policy(charter_name)
        bootstrap.warm(policy, recording=output is not None)
        weighed = bootstrap.decide(
            running, path, policy, use_case, environment=environment, purl=purl
        )
    recorded = bootstrap.record(weighed, policy, output) if output is not None else None
    assessment = weighed.assessment
    if output_format == "json":
        from steelyard.reporting.json_document import assessment_json

        print_json(assessment_json(assessment))
    else:
        from steelyard.reporting.terminal import render_assessment

        screen = console()
        render_assessment(screen, assessment)
        if recorded is None:
            screen.print("Not recorded. Add --output DIR to sign it and keep the evidence.")
        else:
            screen.print(
                f"Recorded as ledger entry {recorded.index}. Evidence: {recorded.directory}",
                markup=False,
            )
            screen.print(f"Check it: steelyard verify {recorded.directory}", markup=False)
    ctx.exit(EXITS[assessment.decision.outcome])
