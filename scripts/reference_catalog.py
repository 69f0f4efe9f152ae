# SPDX-License-Identifier: Apache-2.0
"""The generated pages about the catalog: controls by topic, frameworks, duties, playbooks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from steelyard.catalog.controls import (
    CatalogControl,
    controls,
    evidence_types,
    mapping_bases,
    topics,
)
from steelyard.catalog.duties import duties
from steelyard.catalog.frameworks import all_items, current, find, frameworks
from steelyard.catalog.playbooks import playbooks
from steelyard.kernel.assessment import ControlTask

CONTROLS_NOTE = """\
What must be done, why, and what proves it, in our own words. A charter selects controls by id,
topic, stage or framework; `steelyard catalog controls ID` shows one in the terminal. *Called for*
is the condition under which a control applies by itself. A task is checked either by the facts of
an assessment or by a person's dated evidence. Every mapping to a law or standard says where it
comes from.
"""
EVIDENCE_NOTE = """\
What a task of a control may ask a person to attach. A kind without a length of time is good for as
long as what it describes is unchanged.
"""
FRAMEWORKS_NOTE = """\
Laws and standards whose items charters and controls may cite, as `FRAMEWORK:ITEM`. The catalog
holds ids and titles. *Checked* is the weakest confidence of the entries: `text` (against the
source's own text), `secondary` (read in other publications) or `unverified`.
`steelyard catalog frameworks --framework ID` lists the items with their confidence and the
controls that answer them.
"""
CHANGES_NOTE = """\
Ids have a life. What a later edition dropped, moved or renamed still resolves and says what stands
today, so that a charter and a decision of last year stay readable.
"""
DUTIES_NOTE = """\
Who must tell whom by when. Not legal advice: the column *checked* says how well a row was checked,
and whether a duty applies is for counsel to say.
"""
PLAYBOOKS_NOTE = """\
What to do in the first hour and after, and when it is over. Own work; each organization adds names,
systems and telephone numbers.
"""


def prose(text: str) -> str:
    """Return a text of the catalog as Markdown; what is not in back quotes means itself."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        part.replace("|", "\\|")
        if part.startswith("`")
        else re.sub(r"([\\*_<\[\]|])", r"\\\1", part)
        for part in parts
    )


def catalog_pages() -> dict[str, str]:
    """Return every page about the catalog by file name."""
    return {
        "controls.md": _controls_index(),
        **{f"controls/{topic}.md": _topic_page(topic) for topic in topics()},
        "evidence-types.md": _evidence_page(),
        "frameworks.md": _frameworks_page(),
        "duties.md": _duties_page(),
        "playbooks.md": _playbooks_page(),
    }


# Controls


def _controls_index() -> str:
    lines = [
        "# Controls\n",
        CONTROLS_NOTE,
        f"{len(controls())} controls in {len(topics())} topics.\n",
    ]
    for topic in topics():
        lines += [
            f"\n## [{_words(topic)}](controls/{topic}.md)\n",
            "| control | stage |",
            "|---|---|",
        ]
        lines += [
            f"| [{prose(one.title)}](controls/{topic}.md#{one.id}) | {one.stage} |"
            for one in _of(topic)
        ]
    return "\n".join(lines) + "\n"


def _of(topic: str) -> list[CatalogControl]:
    return [control for control in controls().values() if control.topic == topic]


def _words(topic: str) -> str:
    return topic.replace("-", " ").capitalize()


def _topic_page(topic: str) -> str:
    lines = [f"# Controls: {_words(topic).lower()}\n", "[All controls](../controls.md)"]
    for control in _of(topic):
        lines += _control(control)
    return "\n".join(lines) + "\n"


def _control(control: CatalogControl) -> Iterable[str]:
    yield f'\n<a id="{control.id}"></a>\n\n## {prose(control.title)}\n'
    yield f"`{control.id}` · stage: {control.stage}\n"
    yield f"**Objective.** {prose(control.objective)}\n"
    yield f"**Why.** {prose(control.why)}\n"
    called = "always" if control.applies == "true" else f"`{control.applies}`"
    yield f"**Called for.** {called}\n"
    if control.evidence:
        yield f"**Satisfied by the files alone when.** `{control.evidence}`\n"
    yield "**Tasks.**\n"
    yield "| task | done when | checked by |"
    yield "|---|---|---|"
    for task in control.tasks:
        yield f"| {prose(task.title)} | {prose(task.acceptance)} | {_check(task)} |"
    yield "\n**Mappings.**\n"
    yield "| item | title | where the mapping comes from |"
    yield "|---|---|---|"
    for mapping in control.mappings:
        item = find(mapping.ref)
        title = prose(item.title) if item is not None else ""
        yield f"| `{mapping.ref}` | {title} | {prose(mapping.basis)} |"


def _check(task: ControlTask) -> str:
    if task.fact:
        return f"facts: `{task.fact.replace('|', chr(92) + '|')}`"
    kind = evidence_types()[task.evidence]
    return f"evidence: [{kind.title.lower()}](../evidence-types.md#{kind.id})"


def _evidence_page() -> str:
    lines = [
        "# Kinds of evidence\n",
        EVIDENCE_NOTE,
        "| kind | what it is | good for |",
        "|---|---|---|",
    ]
    lines += [
        f'| <a id="{kind.id}"></a>`{kind.id}` {kind.title} | {prose(kind.what)} '
        f"| {kind.valid_for or 'while unchanged'} |"
        for kind in evidence_types().values()
    ]
    return "\n".join(lines) + "\n"


# Frameworks


def _frameworks_page() -> str:
    lines = [
        "# Frameworks\n",
        FRAMEWORKS_NOTE,
        "| id | name | version | holds | controls | checked |",
        "|---|---|---|---|---|---|",
    ]
    answered = [ref for control in controls().values() for ref in set(control.frameworks)]
    for one in frameworks().values():
        holds = "<br>".join(f"{kind}: {count}" for kind, count in one.kinds.items())
        count = len(
            {
                control.id
                for control in controls().values()
                if any(ref.startswith(f"{one.id}:") for ref in control.frameworks)
            }
        )
        lines.append(
            f"| `{one.id}` | {prose(one.title)} | {prose(one.version)} | {holds} "
            f"| {count} | {one.confidence} |"
        )
    cosai = mapping_bases().cosai
    terms = f"{cosai.license}, {cosai.attribution}".rstrip(".")
    taken = f"Taken from `{cosai.source}` on {cosai.as_of} ({terms})."
    lines += [
        "\n## Where mappings come from\n",
        f"{len(controls())} controls hold {len(answered)} mappings. Each rests on one of these:\n",
        f"* {prose(mapping_bases().text)} Used only for frameworks whose entries are sentences.",
        f"* {prose(mapping_bases().title)}",
        f"* {prose(cosai.sentence.format(name='…'))} {taken}",
        f"* {prose(mapping_bases().judgement)}",
        "\n## Ids that changed\n",
        CHANGES_NOTE,
        "| former | title | what happened | today | known from |",
        "|---|---|---|---|---|",
        *_changes(),
        "\n## Sources\n",
    ]
    for one in frameworks().values():
        shown = one.sources if len(one.sources) <= 6 else (*one.sources[:5], "…")
        owed = prose(" ".join((one.license, one.attribution)).strip())
        lines += [
            f"### {prose(one.title)}\n",
            f"As of {one.as_of}. Terms: {owed}\n",
            *(f"* {prose(source)}" for source in shown),
            "",
        ]
    return "\n".join(lines).rstrip("\n") + "\n"


def _changes() -> Iterable[str]:
    for item in all_items():
        if not item.change_basis:
            continue
        if item.removed_in:
            what = f"removed in {item.removed_in}"
        else:
            what = "renamed" if item.former_title else "superseded"
        title = item.former_title or item.title
        today = ", ".join(f"`{one.id}` {prose(one.title)}" for one in current(item.id))
        yield f"| `{item.id}` | {prose(title)} | {what} | {today} | {prose(item.change_basis)} |"


# Duties and playbooks


def _duties_page() -> str:
    lines = [
        "# Notification duties\n",
        DUTIES_NOTE,
        "| duty | where | applies to | clock starts | due | recipient | checked |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f'| <a id="{duty.id}"></a>{prose(duty.title)} '
        f"| {' '.join(filter(None, (duty.where, duty.sector)))} "
        f"| {prose(duty.applies_to)} | {prose(duty.clock_starts)} | {duty.due} "
        f"| {prose(duty.recipient)} | {duty.confidence} |"
        for duty in duties().values()
    ]
    lines += ["\n## Notes and sources\n"]
    for duty in duties().values():
        said = " ".join(filter(None, (duty.note, f"Source: {duty.source}.")))
        lines.append(f"* **{prose(duty.title)}.** {prose(said)}")
    return "\n".join(lines) + "\n"


def _playbooks_page() -> str:
    lines = ["# Playbooks\n", PLAYBOOKS_NOTE]
    titles: Mapping[str, CatalogControl] = controls()
    for one in playbooks().values():
        lines += [
            f'\n<a id="{one.id}"></a>\n\n## {prose(one.title)}\n',
            f"**When.** {prose(one.trigger)}",
        ]
        lines += ["\n**In the first hour.**\n", *_numbered(one.first_hour)]
        lines += ["\n**Then.**\n", *_numbered(one.then)]
        lines.append(f"\n**Roles.** {prose('; '.join(one.roles))}.")
        lines.append(f"\n**Evidence to keep.** {prose('; '.join(one.evidence))}.")
        if one.duties:
            linked = ", ".join(
                f"[{prose(duties()[name].title)}](duties.md#{name})" for name in one.duties
            )
            lines.append(f"\n**Duties to check first.** {linked}.")
        linked = ", ".join(
            f"[{prose(titles[name].title)}](controls/{titles[name].topic}.md#{name})"
            for name in one.controls
        )
        lines.append(f"\n**Controls that help.** {linked}.")
        lines.append(f"\n**Closed when.** {prose(one.closed_when)}")
    return "\n".join(lines) + "\n"


def _numbered(steps: Iterable[str]) -> list[str]:
    return [f"{number}. {prose(step)}" for number, step in enumerate(steps, 1)]
