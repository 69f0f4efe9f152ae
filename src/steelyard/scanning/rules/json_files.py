# SPDX-License-Identifier: Apache-2.0
"""Examines JSON configurations: code they make a loader import, templates, Keras layers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from steelyard.artifacts.json_documents import read_json
from steelyard.artifacts.source import Source
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.rules.config_tree import judge_tree
from steelyard.scanning.rules.secrets import find_secrets

_VOCABULARY = re.compile(r"(?:vocab|added_tokens|merges|.*\.index|vocabulary)[\w.-]*\.json\Z")
_FOREIGN = re.compile(r"[\w.-]+/[\w.-]+--")
_ADAPTED = frozenset({"transformers", "diffusers", "timm", "torch", "sentence_transformers", "peft",
                      "open_clip"})  # fmt: skip
_PUBLISHERS = frozenset({
    "01-ai", "ai21labs", "alibaba-nlp", "allenai", "apple", "baai", "baichuan-inc", "bigcode",
    "coherelabs", "cohereforai", "databricks", "deepseek-ai", "eleutherai", "facebook", "google",
    "huggingface", "huggingfacetb", "huggingfacem4", "ibm", "ibm-granite", "intel", "internlm",
    "jinaai", "lgai-exaone", "liquidai", "meta-llama", "microsoft", "minimaxai", "mistralai",
    "moonshotai", "mosaicml", "nomic-ai", "nvidia", "openai", "openbmb", "opengvlab", "qwen",
    "salesforce", "snowflake", "stabilityai", "tencent", "thudm", "tiiuae", "togethercomputer",
    "vikhyatk", "xiaomimimo", "zai-org", "baidu", "bytedance-seed", "inclusionai", "answerdotai",
})  # fmt: skip
"""Owners whose modeling code fine-tunes and quantized copies commonly point to."""
_REMEDY = "Review that code, pin it to a commit, and load it only where the charter allows."


def examine_json(context: Context, source: Source, into: Examination) -> None:
    """Examine one JSON document."""
    if source.size > into.limits.json_bytes:
        into.gap(Coverage.PARTIAL, f"the JSON document has {source.size} bytes")
        return
    data = source.read_at(0, source.size)
    find_secrets(context, data, into)
    try:
        document = read_json(data, into.limits)
    except LimitExceeded as error:
        into.add("config.depth", Severity.MEDIUM, error.message, location=context.at(""))
        into.gap(Coverage.PARTIAL, error.message)
        return
    except ArtifactError as error:
        if context.name.endswith(".json"):
            raise
        into.gap(Coverage.PARTIAL, error.message)
        return
    for key in document.duplicates:
        into.add(
            "config.duplicate-key",
            Severity.LOW,
            f"The key {key[:80]!r} stands twice; readers differ in which one counts.",
            location=context.at(""),
        )
    if isinstance(document.value, dict):
        from steelyard.scanning.rules.notebooks import examine_notebook, is_notebook

        if is_notebook(document.value):
            examine_notebook(context, document.value, into)
            return
        _examine_object(context, document.value, into)
    elif isinstance(document.value, list) and context.name == "modules.json":
        _sentence_modules(context, document.value, into)
    if not _VOCABULARY.match(context.name):
        judge_tree(context, document.value, into)


def _sentence_modules(context: Context, modules: list[Any], into: Examination) -> None:
    """Each entry of a sentence-transformers list names, as ``type``, a class that is imported."""
    folders = [module.get("path") for module in modules if isinstance(module, dict)]
    for folder in folders:
        if isinstance(folder, str) and (".." in folder.split("/") or folder.startswith("/")):
            into.add(
                "config.base-path",
                Severity.MEDIUM,
                "A module of this model lies outside the model's folder.",
                location=context.at("path"),
                evidence=folder[:200],
                remedy=_REMEDY,
            )
            break
    kinds = [module.get("type") for module in modules if isinstance(module, dict)]
    foreign = [
        kind
        for kind in kinds
        if isinstance(kind, str) and not kind.startswith("sentence_transformers.")
    ]
    if foreign:
        into.remote_code = True
        into.add(
            "code.custom-pipeline",
            Severity.HIGH,
            "A module of this model is a class outside sentence-transformers that is imported.",
            location=context.at("type"),
            evidence=", ".join(foreign[:5])[:300],
            remedy=_REMEDY,
        )


def _examine_object(context: Context, value: dict[str, Any], into: Examination) -> None:
    _auto_map(context, value, into)
    _shards(context, value, into)
    _kernels(context, value, into)
    if value.get("trust_remote_code"):
        into.remote_code = True
        into.add(
            "code.trust-remote-code",
            Severity.MEDIUM,
            "The configuration asks the loader to trust code of the repository.",
            location=context.at("trust_remote_code"),
            remedy=_REMEDY,
        )
    if context.name == "model_index.json":
        _pipeline(context, value, into)
    for place, template in _templates(value):
        from steelyard.scanning.rules.templates import judge_template

        judge_template(context, template, into, place)
    if context.name == "package.json":
        from steelyard.scanning.rules.requirement_files import judge_package_json

        judge_package_json(context, value, into)
    if context.name == "adapter_config.json" or "peft_type" in value:
        _adapter(context, value, into)
    _langchain(context, value, into)
    if "__loader__" in value:
        _skops(context, value, into)
    if "class_name" in value or "model_config" in value or "build_config" in value:
        from steelyard.scanning.rules.keras import judge_keras

        judge_keras(context, value, into, "configuration")


def _shards(context: Context, value: dict[str, Any], into: Examination) -> None:
    """The index of a sharded model names its files, which loaders join to the folder and open."""
    shards = value.get("weight_map")
    if not isinstance(shards, dict):
        return
    for file in {item for item in shards.values() if isinstance(item, str)}:
        parts = file.replace("\\", "/").split("/")
        if ".." in parts or parts[0] == "" or parts[0].endswith(":"):
            into.add(
                "config.base-path",
                Severity.HIGH,
                "A shard of the weights is a file outside the model's folder.",
                location=context.at("weight_map"),
                evidence=file[:200],
                remedy=_REMEDY,
            )
            return


def _auto_map(context: Context, value: dict[str, Any], into: Examination) -> None:
    for holder in _objects(value):
        mapping = holder.get("auto_map")
        # Old tokenizers wrote a list (slow class, fast class) in place of the mapping.
        entries = list(mapping.values()) if isinstance(mapping, dict) else [mapping]
        targets = [item for entry in entries for item in _texts(entry)]
        if not targets:
            continue
        into.remote_code = True
        foreign = [target for target in targets if "--" in target]
        into.add(
            "code.other-repository" if foreign else "code.auto-map",
            _foreign_severity(foreign) if foreign else Severity.MEDIUM,
            "Loading imports Python of another repository: it is no part of what was scanned, and "
            "its owner can change it at any time."
            if foreign
            else "Loading imports Python that lies in this repository.",
            location=context.at("auto_map"),
            evidence=", ".join((foreign or targets)[:5])[:300],
            remedy=_REMEDY,
        )
    custom = value.get("custom_pipelines")
    if isinstance(custom, dict):
        into.remote_code = True
        impls = [str(item.get("impl")) for item in custom.values() if isinstance(item, dict)]
        into.add(
            "code.custom-pipeline",
            _foreign_severity([impl for impl in impls if "--" in impl]),
            "A pipeline of this model is Python that the loader imports.",
            location=context.at("custom_pipelines"),
            evidence=", ".join(impls)[:300],
            remedy=_REMEDY,
        )


def _foreign_severity(targets: list[str]) -> Severity:
    """Grade code of other repositories: fine-tunes keep naming their base model's publisher."""
    if not targets:
        return Severity.MEDIUM
    owners = {target.partition("--")[0].partition("/")[0].lower() for target in targets}
    return Severity.HIGH if owners <= _PUBLISHERS else Severity.CRITICAL


def _kernels(context: Context, value: dict[str, Any], into: Examination) -> None:
    """An attention named like a repository is native code that the loader fetches and runs."""
    for holder in _objects(value):
        for key in ("attn_implementation", "_attn_implementation", "experts_implementation"):
            name = holder.get(key)
            if isinstance(name, str) and "/" in name:
                into.remote_code = True
                into.add(
                    "code.other-repository",
                    Severity.HIGH,
                    "Loading fetches and runs a compute kernel of another repository.",
                    location=context.at(key),
                    evidence=name[:200],
                    remedy=_REMEDY,
                )


def _objects(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a configuration and the configurations inside it (``text_config`` and the like)."""
    stack = [value]
    while stack:
        current = stack.pop()
        yield current
        stack += [
            item
            for key, item in current.items()
            if isinstance(item, dict) and (key.endswith("config") or key == "custom_pipelines")
        ]


def _pipeline(context: Context, value: dict[str, Any], into: Examination) -> None:
    """In a diffusers index a component is ``[library, class]``; a foreign library is code."""
    known = ("diffusers", "transformers", "onnxruntime", "flax", "optimum", "stable_diffusion")
    for name, entry in value.items():
        if name == "_class_name" and isinstance(entry, list):
            library = str(entry[0]) if entry else ""
        elif isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], str):
            library = entry[0]
            if library.startswith(known):
                continue
        else:
            continue
        foreign = bool(_FOREIGN.match(library))
        into.remote_code = True
        into.add(
            "code.other-repository" if foreign else "code.custom-pipeline",
            _foreign_severity([library]) if foreign else Severity.HIGH,
            f"The pipeline component {name[:80]!r} is code of another repository: it is no part of "
            "what was scanned."
            if foreign
            else f"The pipeline component {name[:80]!r} is code outside the usual libraries.",
            location=context.at(name[:80]),
            evidence=str(entry)[:200],
            remedy=_REMEDY,
        )


def _adapter(context: Context, value: dict[str, Any], into: Examination) -> None:
    """An adapter names its base model, and a class of a library to load it with."""
    base = value.get("base_model_name_or_path")
    if isinstance(base, str) and (".." in base.split("/") or base.startswith(("http://", "\\\\"))):
        into.add(
            "config.base-path",
            Severity.MEDIUM,
            "The base model of this adapter is a path that climbs out of its directory or a "
            "share of another machine.",
            location=context.at("base_model_name_or_path"),
            evidence=base[:200],
            remedy="Give the base model's own name and revision.",
        )
    mapping = value.get("auto_mapping")
    library = mapping.get("parent_library") if isinstance(mapping, dict) else None
    if not isinstance(library, str) or library.partition(".")[0] in _ADAPTED:
        return
    local = library.startswith("transformers_modules.")
    into.remote_code = True
    into.add(
        "code.auto-map" if local else "code.custom-pipeline",
        Severity.MEDIUM if local else Severity.HIGH,
        f"Loading imports the library {library[:80]!r} to find the base model's class.",
        location=context.at("auto_mapping"),
        evidence=str(mapping)[:200],
        remedy=_REMEDY,
    )


def _langchain(context: Context, value: dict[str, Any], into: Examination) -> None:
    """A saved prompt or chain may be a Jinja program, or name code to be run."""
    kind = value.get("_type")
    if not isinstance(kind, str):
        return
    if value.get("template_format") == "jinja2" and isinstance(value.get("template"), str):
        into.add(
            "prompt.jinja",
            Severity.LOW,
            "A saved prompt asks to be rendered with Jinja, which LangChain does not sandbox fully.",  # noqa: E501
            location=context.at("template_format"),
            remedy="Save it with the format f-string.",
        )
    if re.search(r"(?i)python_repl|bash|shell|pal_chain|llm_bash|sql_database|cpal|terminal", kind):
        into.add(
            "prompt.runs-code",
            Severity.HIGH,
            f"A saved chain of the kind {kind[:60]!r} runs what a model answers.",
            location=context.at("_type"),
            evidence=kind[:100],
            remedy="Do not load this chain.",
        )


def _templates(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    template = value.get("chat_template")
    if isinstance(template, str):
        yield "chat_template", template
    elif isinstance(template, dict):
        for name, text in template.items():
            if isinstance(text, str):
                yield f"chat_template {name[:40]}", text
    elif isinstance(template, list):
        for entry in template:
            if isinstance(entry, dict) and isinstance(entry.get("template"), str):
                yield f"chat_template {str(entry.get('name'))[:40]}", entry["template"]


def _skops(context: Context, root: dict[str, Any], into: Examination) -> None:
    """A skops schema is a tree of objects, each with the module and class its loader builds."""
    from steelyard.scanning.pickles.names import is_allowed, why_dangerous

    stack: list[Any] = [root]
    seen: set[tuple[str, str]] = set()
    while stack:
        value = stack.pop()
        inner = value.values() if isinstance(value, dict) else value
        stack += [item for item in inner if isinstance(item, dict | list)]
        if not isinstance(value, dict):
            continue
        if value.get("__loader__") in ("OperatorFuncNode", "MethodNode"):
            _gadget(context, value, into)
        for pair in (("__module__", "__class__"), ("module_path", "function")):
            module, name = value.get(pair[0]), value.get(pair[1])
            if not isinstance(module, str) or not isinstance(name, str) or (module, name) in seen:
                continue
            seen.add((module, name))
            why = why_dangerous(module, name)
            if is_allowed(module, name):
                continue
            into.executes_on_load = True
            into.add(
                "skops.foreign-name",
                Severity.CRITICAL if why else Severity.HIGH,
                f"Loading builds {module}.{name}" + (f", which {why}." if why else "."),
                location=context.at("schema"),
                evidence=f"{module}.{name}"[:200],
                remedy="Load it only with a list of trusted types that was reviewed.",
            )


def _gadget(context: Context, value: dict[str, Any], into: Examination) -> None:
    """These nodes call an operator or a method while loading, whatever list of types is trusted."""
    shown = {key: value.get(key) for key in ("__class__", "__module__", "attrs", "content")}
    content = value.get("content")
    attribute = content.get("func") if isinstance(content, dict) else None
    called = str(attribute or value.get("__class__"))
    if value["__loader__"] == "OperatorFuncNode" and value.get("__module__") == "operator":  # noqa: SIM102
        if called in ("attrgetter", "itemgetter"):
            return
    into.executes_on_load = True
    into.add(
        "skops.gadget",
        Severity.CRITICAL if "__" in str(attribute) or called == "methodcaller" else Severity.HIGH,
        f"A node {value['__loader__']} calls {called[:80]!r} while the file is loaded.",
        location=context.at("schema"),
        evidence=str(shown)[:200],
        remedy="Load it only with a skops that fixes this, and only after review.",
    )


def _texts(entry: Any) -> list[str]:
    if isinstance(entry, str):
        return [entry]
    if isinstance(entry, list):
        return [item for item in entry if isinstance(item, str)]
    return []
