# SPDX-License-Identifier: Apache-2.0
"""``steelyard assess``: weigh a model for a use case and decide, with evidence."""

from __future__ import annotations

import os
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
_LATER = ("oci:", "s3:", "mlflow:")


def local_path(reference: str) -> Path:
    """Return the path of the model a reference names, fetching it first if it is on a hub.

    Raises:
        InputError: the reference names a place that cannot be fetched from.
    """
    if reference.startswith(_LATER):
        scheme = reference.partition(":")[0]
        raise InputError(
            f"References of the kind {scheme}: cannot be fetched by this version.",
            next_step="Copy the model to this machine and name its directory.",
            code="reference.unsupported",
        )
    if not reference.startswith("hf:"):
        return Path(reference)
    from steelyard.platform.hub import cache_directory, fetch_revision, parse_reference

    return fetch_revision(parse_reference(reference), cache_directory(os.environ))


def check_output(output: Path, model: Path) -> None:
    """Refuse to write evidence into the model: it would be part of the next assessment.

    Raises:
        InputError: ``output`` is the model's directory or lies below it.
    """
    place, root = Path(os.path.realpath(output)), Path(os.path.realpath(model))
    if place == root or root in place.parents:
        raise InputError(
            f"The evidence cannot be written into the model itself, at {str(output)!r}.",
            next_step="Name a directory outside the model.",
            code="output.inside-model",
        )


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
    """Weigh MODEL for a use case under a charter, and decide.

    MODEL is a directory, a file, or hf:org/name[@revision] on a hub.

    Without --output this is a rehearsal: nothing is signed or recorded.

    Exit codes: 0 approved, with or without conditions; 1 rejected; 3 review required.
    """
    from steelyard import bootstrap
    from steelyard.kernel.limits import DEFAULT_LIMITS
    from steelyard.platform.tree import walk

    path = local_path(reference)
    if environment is not None:
        from steelyard.governance.use_cases.facts import check_environment

        check_environment(environment)
    if output is not None:
        check_output(output, path)
    tree = walk(path, DEFAULT_LIMITS)
    policy = bootstrap.load_policy(charter_name)
    with (
        examining(tree, quiet=output_format != "text") as progress,
        bootstrap.examine(tree, progress, policy=policy) as running,
    ):
        # Everything that does not need the bytes is done while they are examined; an error in the
        # use case ends the examination.
        use_case = bootstrap.load_use_case(use_case_file, policy)
        bootstrap.check_current(use_case)
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
