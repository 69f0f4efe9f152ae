# SPDX-License-Identifier: Apache-2.0
"""Rules on text: what hides code from them, and what would make them run without end."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from steelyard.kernel.finding import Coverage, FileReport, Severity, Verdict
from steelyard.kernel.inspection import InspectionRequest, TreeFile
from steelyard.kernel.limits import Limits
from steelyard.scanning.runner import Runner

UNDER = "{% set u = '_' * 2 %}"


def examine(path: Path, text: str, **more: Any) -> FileReport:
    path.write_text(text)
    file = TreeFile(path.name, str(path), path.stat().st_size)
    (report,) = Runner(InspectionRequest(files=(file,), **more)).reports()
    return report


def rules(report: FileReport) -> set[str]:
    return {finding.rule for finding in report.findings}


@pytest.mark.parametrize(
    "template",
    [
        UNDER + "{{ messages[u ~ 'class' ~ u] }}",
        UNDER + "{% set c = u ~ 'class' ~ u %}{{ messages[c] }}",
        "{% set c = ['_', '_', 'class'] | join %}{{ messages[c] }}",
        "{% set ns = namespace(k='a' ~ 'b') %}{{ messages[ns.k] }}",
        "{% macro f(k) %}{{ messages[k] }}{% endmacro %}{{ f('a' ~ 'b') }}",
        "{% for k in ['x'.replace('x', bos_token)] %}{{ messages[k] }}{% endfor %}",
        "{{ messages[bos_token] }}",
        "{{ messages['x__class__y'[1:-1]] }}",
        "{{ messages | map(attribute='a' ~ 'b') | list }}",
        "{{ '{0.__class__}'.format(messages) }}",
        "{% set f = messages[0] %}{{ f('id') }}",
        "{% set range = messages[0] %}{{ range('id') }}",
        "{% set ns = namespace() %}{% set ns.get = messages[0] %}{{ ns.get('id') }}",
        "{% set c %}_{{ '_' }}class__{% endset %}{{ messages[c] }}",
        "{% macro m() %}_{{ '_' }}class__{% endmacro %}{{ messages[m()] }}",
        "{% set d = {'strftime': messages[0]} %}{{ d.strftime('id') }}",
    ],
)
def test_a_template_that_computes_names_is_not_clean(tmp_path: Path, template: str) -> None:
    report = examine(tmp_path / "chat_template.jinja", template)
    assert report.verdict in (Verdict.SUSPICIOUS, Verdict.MALICIOUS), report


@pytest.mark.parametrize(
    "template",
    [
        (
            "{% for m in messages %}{{ '<|' ~ m['role'] ~ '|>' ~ m.content | trim ~ eos_token }}"
            "{% endfor %}"
        ),
        (
            "{%- set ns = namespace(index=messages|length - 1) %}{% for m in messages[::-1] %}"
            "{% set index = (messages|length - 1) - loop.index0 %}{% set ns.index = index %}"
            "{{ messages[index].content }}{{ messages[ns.index]['role'] }}{% endfor %}"
        ),
        (
            "{% macro kind(spec) %}{% set basic = {'string': 'str', 'items': 'x'} %}"
            "{{ basic[spec.type] }}{% for k, v in basic.items() %}{{ k }}{% endfor %}{% endmacro %}"
            "{{ kind(tools[0]) }}"
        ),
        (
            "{% set text = message.content.split('</think>')[-1].lstrip('\\n') %}{{ text }}"
            "{{ messages[loop.index0 + 1]['content'] }}{{ call.arguments[key] | tojson }}"
        ),
    ],
)
def test_templates_as_publishers_write_them_are_clean(tmp_path: Path, template: str) -> None:
    report = examine(tmp_path / "chat_template.jinja", template)
    assert report.verdict is Verdict.CLEAN, report


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("tokenizer_config.json", {"auto_map": ["a.Slow", None]}, "code.auto-map"),
        ("tokenizer_config.json", {"auto_map": ["o--a.Slow", None]}, "code.other-repository"),
        ("config.json", {"vision_config": {"auto_map": {"AutoModel": "m.M"}}}, "code.auto-map"),
        ("config.json", {"trust_remote_code": 1}, "code.trust-remote-code"),
        ("config.json", {"_attn_implementation": "org/kernel"}, "code.other-repository"),
        ("modules.json", [{"idx": 0, "type": "own.Pooling"}], "code.custom-pipeline"),
    ],
)
def test_a_configuration_that_imports_code(
    tmp_path: Path, name: str, value: object, rule: str
) -> None:
    report = examine(tmp_path / name, json.dumps(value))
    assert rule in rules(report)
    assert report.traits.remote_code
    foreign = "o--a.Slow" in json.dumps(value)
    assert report.verdict is (Verdict.MALICIOUS if foreign else Verdict.SUSPICIOUS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("modules.json", [{"idx": 0, "type": "sentence_transformers.models.Transformer"}]),
        ("config.json", {"_attn_implementation": "sdpa", "text_config": {"model_type": "bert"}}),
    ],
)
def test_usual_configurations_are_clean(tmp_path: Path, name: str, value: object) -> None:
    assert examine(tmp_path / name, json.dumps(value)).verdict is Verdict.CLEAN


@pytest.mark.parametrize(
    ("test", "severity"),
    [
        ("__name__ == '__main__'", Severity.HIGH),
        ("__name__", Severity.CRITICAL),
        ("__name__ != '__main__'", Severity.CRITICAL),
    ],
)
def test_only_the_real_main_guard_waits(tmp_path: Path, test: str, severity: Severity) -> None:
    report = examine(tmp_path / "x.py", f"import os\nif {test}:\n    os.system('true')\n")
    assert severity in {finding.severity for finding in report.findings}
    assert (report.verdict is Verdict.MALICIOUS) == (severity is Severity.CRITICAL)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("requirements.txt", "\n" * 300_000),
        ("requirements.txt", "-i x\n" * 200_000),
        ("a.yaml", "".join(f"target: evil{index}.f\n" for index in range(100_000))),
        ("schema.json", json.dumps({"__loader__": "x", "c": [{}] * 200_000})),
        ("chat_template.jinja", "".join(f"{{% set a{n} = a{n + 1} %}}" for n in range(3000))),
    ],
)
def test_floods_are_examined_in_time(tmp_path: Path, name: str, text: str) -> None:
    begun = time.process_time()
    examine(tmp_path / name, text)
    assert time.process_time() - begun < 20


def test_the_end_of_a_license_that_was_not_read_is_a_gap(tmp_path: Path) -> None:
    limits = Limits(text_bytes=1000)
    text = "MIT License\n" + "\n" * 1000 + "Not for commercial use.\n"
    report = examine(tmp_path / "LICENSE", text, tasks=("license",), limits=limits)
    assert report.coverage is Coverage.PARTIAL
