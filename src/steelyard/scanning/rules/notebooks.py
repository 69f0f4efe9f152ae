# SPDX-License-Identifier: Apache-2.0
"""Examines Jupyter notebooks: their code cells as Python, their magics as commands, their outputs.

A notebook runs only when somebody runs its cells, so nothing in it happens on import; opening one
shows its outputs, scripts included where the notebook is trusted.
"""

from __future__ import annotations

import re
from typing import Any

from steelyard.kernel.finding import Severity
from steelyard.scanning.interface import Context, Examination

_MOST_CELLS = 20_000
_LINE_MAGIC = re.compile(r"^(\s*)(?:[\w, ]{1,80}=\s*)?(!{1,2}|%{1,2})(.*)\Z")
_SHELLS = frozenset({"bash", "sh", "script", "cmd", "sx", "system", "sc", "powershell", "perl",
                     "ruby", "javascript", "js", "html", "writefile", "latex", "markdown", "sql",
                     "R", "svg", "file", "cython", "julia"})  # fmt: skip
_ACTIVE = re.compile(r"(?i)<script\b|<iframe\b|javascript:|\bon(?:error|load)\s*=")
_PLOTS = re.compile(r"(?i)plotly|bokeh|vega|altair|require\.(?:undef|config)|colab|widget|d3\.|mpl_|"  # noqa: E501
                    r"google\.colab|dataframe|IPython|shap|pyvis|folium|leaflet|highcharts")  # fmt: skip  # noqa: E501


def is_notebook(value: dict[str, Any]) -> bool:
    """Tell a notebook by its structure (format 4 has ``cells``, format 3 ``worksheets``)."""
    return "nbformat" in value and ("cells" in value or "worksheets" in value)


def examine_notebook(context: Context, value: dict[str, Any], into: Examination) -> None:
    """Examine one decoded notebook."""
    from steelyard.scanning.rules.python_files import judge_python

    into.remote_code = True
    code: list[str] = []
    commands: list[tuple[str, int]] = []
    cells = _cells(value)
    for number, cell in enumerate(cells, 1):
        source = _joined(cell.get("source", cell.get("input")))
        if cell.get("cell_type") == "code":
            code += _translate(source, number, commands)
            _outputs(context, cell, number, into)
        elif cell.get("cell_type") == "markdown":
            from steelyard.scanning.rules.prompts import judge_instructions

            judge_instructions(context, source, into, f"cell {number}")
    _commands(context, commands, into)
    kernel = value.get("metadata", {})
    language = kernel.get("kernelspec", {}) if isinstance(kernel, dict) else {}
    python = not isinstance(language, dict) or str(language.get("language", "python")) == "python"
    if code and python:
        quiet = Examination(into.limits)
        judge_python(context, "\n".join(code).encode("utf-8", "replace"), quiet, at_import=False)
        for finding in quiet.findings:
            broken = finding.rule == "code.unreadable"
            into.add(
                finding.rule,
                Severity.LOW if broken else finding.severity,
                finding.message,
                location=finding.location.replace("line ", "code line "),
                evidence=finding.evidence,
                remedy=finding.remedy,
            )
        if any(finding.rule == "code.unreadable" for finding in quiet.findings):
            into.gap(quiet.coverage, "code of the notebook cannot be parsed")


def _cells(value: dict[str, Any]) -> list[dict[str, Any]]:
    cells = value.get("cells")
    if not isinstance(cells, list):
        sheets = value.get("worksheets")
        cells = [c for s in sheets if isinstance(s, dict) for c in s.get("cells") or []] if (
            isinstance(sheets, list)) else []  # fmt: skip
    return [cell for cell in cells[:_MOST_CELLS] if isinstance(cell, dict)]


def _joined(source: Any) -> str:
    if isinstance(source, list):
        return "".join(part for part in source if isinstance(part, str))
    return source if isinstance(source, str) else ""


def _translate(source: str, number: int, commands: list[tuple[str, int]]) -> list[str]:
    """Return a cell's lines with magics replaced by ``pass``; their commands are kept."""
    lines = source.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if first.startswith("%%") and first[2:].split(" ")[0].strip() in _SHELLS:
        kind = first[2:].split(" ")[0].strip()
        if kind in ("bash", "sh", "script", "cmd", "sx", "system", "powershell"):
            commands.append(("\n".join(lines)[:20_000], number))
        return []
    result = []
    for line in lines:
        found = _LINE_MAGIC.match(line[:5000])
        if found is None:
            result.append(line[:-1] if line.rstrip().endswith("?") else line)
            continue
        words = found[3].split(" ", 1)
        if found[2].startswith("!") or words[0] in ("sx", "system", "sc", "bash"):
            commands.append((found[3] if found[2].startswith("!") else words[-1], number))
        result.append(f"{found[1]}pass")
    return result


def _commands(context: Context, commands: list[tuple[str, int]], into: Examination) -> None:
    from steelyard.scanning.rules.python_tables import HOSTILE_COMMAND

    seen = False
    for line, number in commands:
        hostile = HOSTILE_COMMAND.search(line)
        if hostile:
            into.add(
                "notebook.hostile-command",
                Severity.CRITICAL,
                "A cell runs a command no model needs: it downloads and runs, opens a shell or "
                "stays.",
                location=context.at(f"cell {number}"),
                evidence=line.strip()[:200],
                remedy="Do not run this notebook; report it to the publisher.",
            )
        elif not seen:
            seen = True
            into.add(
                "notebook.command",
                Severity.LOW,
                f"Cells run {len(commands)} shell commands when somebody runs them.",
                location=context.at(f"cell {number}"),
                evidence=line.strip()[:200],
                remedy="Read the commands before running the notebook.",
            )


def _outputs(context: Context, cell: dict[str, Any], number: int, into: Examination) -> None:
    outputs = cell.get("outputs")
    for output in outputs[:200] if isinstance(outputs, list) else ():
        data = output.get("data") if isinstance(output, dict) else None
        if not isinstance(data, dict):
            continue
        script = data.get("application/javascript") or data.get("text/javascript")
        page = _joined(data.get("text/html"))[:200_000]
        found = _ACTIVE.search(page)
        if script or found:
            shown = _joined(script) or page[found.start() : found.start() + 150] if found else ""
            known = bool(_PLOTS.search(page + _joined(script)[:20_000]))
            into.add(
                "notebook.active-output",
                Severity.INFO if known else Severity.LOW,
                "A saved output holds a script that runs when the notebook is trusted.",
                location=context.at(f"cell {number}"),
                evidence=(_joined(script) or shown)[:150],
                remedy="Clear the outputs before opening it.",
            )
            return
