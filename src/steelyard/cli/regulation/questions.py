# SPDX-License-Identifier: Apache-2.0
"""``steelyard regulation questions``: the whole questionnaire, to read or to answer in a file."""

from __future__ import annotations

import click

from steelyard.cli.door import console, format_option, print_json

QUESTIONS_SCHEMA = "steelyard.questions/v1"


@click.command("questions")
@format_option("yaml")
def command(output_format: str) -> None:
    """List every question of the EU AI Act questionnaire and the answers it takes.

    Which of them are asked depends on the answers. With --format yaml the list is a file to fill in
    for `steelyard regulation classify --answers`.
    """
    from steelyard.catalog.eu_ai_act import NOT_SURE, eu_ai_act

    act = eu_ai_act()
    if output_format == "json":
        import msgspec

        print_json(
            msgspec.json.encode(
                {
                    "schema": QUESTIONS_SCHEMA,
                    "version": act.version,
                    "law": act.law,
                    "as_of": act.as_of,
                    "not_sure": NOT_SURE,
                    "questions": [
                        {
                            "id": question.id,
                            "stage": question.stage,
                            "kind": question.kind,
                            "text": question.text,
                            "help": question.help,
                            "answers": [{"id": o.id, "text": o.text} for o in question.options],
                            "clause": question.clause,
                            "refs": question.refs,
                            "source": act.sources[question.source],
                            "confidence": question.confidence,
                        }
                        for question in act.questions
                    ],
                }
            )
        )
        return
    if output_format == "yaml":
        from steelyard.charter.regulation.sheet import blank_sheet

        click.echo(blank_sheet(), nl=False)
        return
    from steelyard.reporting.regulation.text import print_questions

    print_questions(console())
