# SPDX-License-Identifier: Apache-2.0
"""Answers as people write them: a YAML file, or a mapping inside another document.

```yaml
classification: applicant-screening
answers:
  scope.ai: yes
  annex3.areas: [employment]
  annex3.profiling: not-sure
```
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from steelyard.catalog.eu_ai_act import NOT_SURE, Question
from steelyard.charter.document import Document, nearest
from steelyard.charter.regulation.machine import UNSURE, Answer, options, questions
from steelyard.charter.yaml_nodes import Mark, Node
from steelyard.kernel.errors import InputError

Refuse = Callable[[str, str], None]
"""Takes a sentence and a next step."""


class AnswersFile(Struct, frozen=True):
    """A file of answers: what it is about, and the answers, valid ones only."""

    name: str
    answers: dict[str, Answer]


def load_answers(text: str, file: str) -> AnswersFile:
    """Return the answers written in ``text``; ``file`` names it in errors.

    Raises:
        DocumentErrors: an unknown field, question or answer; each with line and column.
    """
    document = Document(text, file)
    root = document.root
    name, answers = "", {}
    if not isinstance(root.value, dict):
        document.error(root.mark, "A file of answers must be a mapping.", _SHAPE)
        document.raise_errors()
        raise AssertionError("unreachable: an error was recorded")
    for key, mark in root.keys.items():
        if key not in ("classification", "answers"):
            near = nearest(key, ("classification", "answers")) or _SHAPE
            document.error(mark, f"There is no field {key!r} in a file of answers.", near)
    if "answers" not in root.value:
        document.error(root.mark, "The file needs the field 'answers'.", _SHAPE)
    for key, node in root.value.items():
        if key == "classification":
            name = node.value if isinstance(node.value, str) else ""
            if not name:
                document.error(node.mark, "'classification' must be a name.")
        elif key == "answers":
            answers = _read(document, node)
    document.raise_errors()
    return AnswersFile(name, answers)


def answers_of(mapping: Mapping[str, object], where: str = "eu_ai_act") -> dict[str, Answer]:
    """Return the answers in a mapping of question to option, or options; ``where`` names it.

    Raises:
        InputError: an unknown question or answer, or a value of another kind.
    """
    answers: dict[str, Answer] = {}

    def refuse(message: str, step: str) -> None:
        raise InputError(f"{where}: {message}", next_step=step, code="regulation.answer")

    for name, value in mapping.items():
        question = _question(name, refuse)
        if isinstance(value, bool):
            words: Sequence[object] = ("yes" if value else "no",)
        else:
            words = value if isinstance(value, list | tuple) else (value,)
        if not all(isinstance(word, str) for word in words):
            refuse(f"The answer to {name!r} must be a word or a list of words.", "")
        if question is not None:
            found = _check(question, [str(word) for word in words], refuse)
            if found:
                answers[name] = found
    return answers


_SHAPE = "Write 'answers:' and below it one line for each question, such as 'scope.ai: yes'."


def _read(document: Document, node: Node) -> dict[str, Answer]:
    answers: dict[str, Answer] = {}
    if not isinstance(node.value, dict):
        document.error(node.mark, "'answers' must be a mapping of questions.", _SHAPE)
        return answers
    for name, value in node.value.items():
        question = _question(name, _at(document, node.keys[name]))
        if question is None:
            continue
        items = value.value if isinstance(value.value, list) else [value]
        words = [_word(document, item, name) for item in items]
        if all(word is not None for word in words):
            given = [word for word in words if word is not None]
            if found := _check(question, given, _at(document, value.mark)):
                answers[name] = found
    return answers


def _word(document: Document, node: Node, name: str) -> str | None:
    if node.tag == "bool":
        return "yes" if str(node.value).lower() == "true" else "no"
    if isinstance(node.value, str) and node.tag != "null":
        return node.value
    document.error(node.mark, f"The answer to {name!r} must be a word or a list of words.")
    return None


def _at(document: Document, mark: Mark) -> Refuse:
    return lambda message, step: document.error(mark, message, step)


def _question(name: str, refuse: Refuse) -> Question | None:
    question = questions().get(name)
    if question is None:
        near = nearest(name, questions()) or "steelyard regulation questions lists them."
        refuse(f"There is no question {name!r}.", near)
    return question


def _check(question: Question, words: Sequence[str], refuse: Refuse) -> Answer | None:
    """Return a valid answer in the order of the options; None where it was refused."""
    known = options(question)
    for word in words:
        if word not in known and word != NOT_SURE:
            choices = ", ".join((*known, NOT_SURE))
            step = nearest(word, (*known, NOT_SURE)) or f"It takes {choices}."
            refuse(f"{question.id!r} has no answer {word!r}.", step)
            return None
    chosen = tuple(dict.fromkeys(words))
    if not chosen:
        refuse(f"{question.id!r} has no answer.", f"Choose one, or write {NOT_SURE}.")
        return None
    if chosen == UNSURE:
        return UNSURE
    if len(chosen) > 1:
        if question.kind != "many":
            refuse(f"{question.id!r} takes one answer, not {len(chosen)}.", "")
            return None
        alone = next((w for w in chosen if w == NOT_SURE or known[w].alone), None)
        if alone is not None:
            refuse(f"{alone!r} cannot stand beside other answers to {question.id!r}.", "")
            return None
    return tuple(name for name in known if name in chosen)
