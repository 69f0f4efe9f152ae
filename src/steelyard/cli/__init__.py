# SPDX-License-Identifier: Apache-2.0
"""The command-line door. One module per command, loaded only when that command is called, so
``steelyard --help`` stays quick.

No decision is taken here: a command parses words, calls :mod:`steelyard.bootstrap` or an engine,
renders the result and turns an outcome into an exit code (see :mod:`steelyard.cli.door`).
"""

from __future__ import annotations

import sys

import click

from steelyard import __version__
from steelyard.cli.lazy import LazyGroup

COMMANDS: dict[str, str] = {
    "assess": "Weigh a model for a use case and decide, with evidence.",
    "scan": "Examine model files for code, escapes and attacks.",
    "license": "Find licenses, conflicts and obligations.",
    "card": "See what a model card says and lacks, or start one.",
    "lineage": "Follow a model back to what it was made from.",
    "history": "Say who changed a model repository, and what stands out.",
    "bom": "Write a bill of materials of a model (CycloneDX or SPDX).",
    "charter": "Write, check and explain charters.",
    "regulation": "Classify a use under the EU AI Act, with dated obligations.",
    "catalog": "Look up laws, standards, controls, licenses, duties and playbooks.",
    "ledger": "Verify the tamper-evident ledger.",
    "verify": "Verify an evidence bundle, offline.",
    "signature": "Verify a model's signature and attestations.",
    "serve": "Start the governance server.",
    "worker": "Do the background jobs of a server.",
    "backup": "Write everything a server holds to one archive.",
    "restore": "Restore a backup into an empty server.",
    "login": "Log in to a server.",
    "use-case": "Register and enrich use cases on a server.",
    "request": "Ask a server to adopt a model, and follow it.",
    "review": "See what waits for your sign-off, and answer.",
    "decide": "See, prove and stop decisions on a server.",
    "exception": "Ask for exceptions on a server, grant and end them.",
    "inventory": "See models, revisions and suppliers on a server.",
    "admin": "Manage accounts on the machine of the server.",
    "seed-demo": "Fill an empty server with a small insurer that does not exist.",
    "demo": "Assess five real models from public packages.",
}


@click.group(
    cls=LazyGroup,
    listed=COMMANDS,
    package="steelyard.cli",
    modules={"seed-demo": "seed_demo", "use-case": "use_case"},
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="steelyard")
def root() -> None:
    """Adopt open-weight models fast and safely.

    Exit codes: 0 approved or clean; 1 rejected, malicious or tampered with; 2 usage or input
    error; 3 review required, suspicious, or could not decide.
    """


def main() -> None:
    """Console entry point: run the command line and leave with its exit code."""
    from steelyard.cli.door import run

    sys.exit(run(root))
