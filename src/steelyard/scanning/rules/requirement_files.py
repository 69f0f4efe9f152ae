# SPDX-License-Identifier: Apache-2.0
"""Examines what a model asks to be installed: where packages come from and what they are called.

Installing runs code of the package, so the place it is fetched from is as grave as code itself.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

from steelyard.kernel.finding import Severity
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.rules.package_indexes import is_known_index
from steelyard.scanning.rules.package_names import resembles

_OPTIONS = ("--index-url", "--extra-index-url", "--find-links", "--trusted-host", "--requirement",
            "--constraint", "--editable", "--no-index", "--pre", "--prefer-binary",
            "--require-hashes", "--no-binary", "--only-binary", "--use-feature", "--hash",
            "--global-option", "--config-settings")  # fmt: skip
_SHORT = {"-i": "--index-url", "-f": "--find-links", "-r": "--requirement", "-c": "--constraint",
          "-e": "--editable"}  # fmt: skip
_FORGES = frozenset({"github.com", "gitlab.com", "bitbucket.org", "huggingface.co", "hf.co",
                     "codeberg.org", "www.github.com", "git.sr.ht", "gitee.com"})  # fmt: skip
_URL = re.compile(r"(?i)\b((?:git|hg|svn|bzr)\+)?(https?|ssh|git|ftp|file|svn|lp)://([^\s;#\"']*)")
_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*(.*)\Z")
_ADDRESS = re.compile(
    r"(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:.]+\]|0x[0-9a-fA-F]+|\d{8,10})(?::\d+)?\Z"
)
_COMMIT = re.compile(r"@[0-9a-f]{40}\b")
_LOCAL = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?\Z")
_MOST_LINES = 50_000
_REMEDY = "Install released versions, pinned by hash, from your own index."


def examine_requirements(context: Context, text: str, into: Examination) -> None:
    """Examine a requirements or constraints file."""
    judge_requirements(context, text, into)


def judge_requirements(context: Context, text: str, into: Examination) -> None:
    """Add findings about lines as pip reads them."""
    unpinned: list[str] = []
    for line, entry in _entries(text):
        _entry(context, entry, f"line {line}", into, unpinned)
    if unpinned:
        into.add(
            "requirements.unpinned",
            Severity.INFO,
            f"{len(unpinned)} packages are not pinned to a version.",
            location=context.at(""),
            evidence=", ".join(unpinned[:10])[:200],
            remedy="Pin versions, best with hashes.",
        )


def _entries(text: str) -> Iterator[tuple[int, str]]:
    """Yield logical lines: comments gone, continued lines joined."""
    kept, begun = "", 0
    for count, raw in enumerate(text.splitlines()[:_MOST_LINES], 1):
        line = re.sub(r"(?:^|\s)#[^\n]*\Z", "", raw)
        begun = begun or count
        if line.endswith("\\") and len(kept) < 10_000:
            kept += line[:-1].strip() + " "
            continue
        entry = (kept + line).strip()
        if entry:
            yield begun, entry[:5000]
        kept, begun = "", 0


def _entry(context: Context, entry: str, place: str, into: Examination, unpinned: list[str]
           ) -> None:  # fmt: skip
    option, value = _option(entry)
    if option in ("--index-url", "--extra-index-url", "--find-links"):
        _index(context, option, value, place, into)
    elif option == "--trusted-host":
        _add(context, into, Severity.CRITICAL if not _LOCAL.match(value) else Severity.HIGH, place,
             entry, "The certificate of the host that packages come from is not checked.")  # fmt: skip  # noqa: E501
    elif option == "--editable" or _URL.search(entry):
        _direct(context, value if option else entry, place, into)
    elif not option:
        if re.match(r"(?:\.{0,2}/|[A-Za-z]:\\)|.*\.(?:whl|tar\.gz|zip)\Z", entry):
            _add(context, into, Severity.MEDIUM, place, entry,
                 "A package is installed from a file that comes with the model.")  # fmt: skip
            return
        _name(context, entry, place, into, unpinned)


def _option(entry: str) -> tuple[str, str]:
    """Return the option pip would read, also from an abbreviation, and its value."""
    word, _, rest = re.sub(r"\s*=\s*|\s+", " ", entry, count=1).partition(" ")
    if word in _SHORT:
        return _SHORT[word], rest.strip()
    if word[:2] in _SHORT and not word.startswith("--"):
        return _SHORT[word[:2]], word[2:].strip()
    if word.startswith("--") and len(word) > 3:
        found = [option for option in _OPTIONS if option.startswith(word)]
        if found:
            return (word if word in found else found[0]), rest.strip()
    return ("", "") if not word.startswith("-") else (word, rest.strip())


def _index(context: Context, option: str, url: str, place: str, into: Examination) -> None:
    found = _URL.search(url)
    if not found:
        if option == "--find-links" and url:
            _add(context, into, Severity.MEDIUM, place, f"{option} {url}",
                 "Packages are looked for in a directory that comes with the model.")  # fmt: skip
        return
    scheme, host = found[2].lower(), _host(found[3])
    if is_known_index(host) and scheme == "https":
        _add(context, into, Severity.LOW, place, f"{option} {url}",
             f"Packages also come from the well-known index {host}.")  # fmt: skip
        return
    hostile = scheme != "https" or option == "--extra-index-url" or _ADDRESS.match(host)
    severity = Severity.CRITICAL if hostile and not _LOCAL.match(host) else Severity.HIGH
    extra = option == "--extra-index-url"
    _add(context, into, severity, place, f"{option} {url}",
         f"Packages come from {host[:100] or 'elsewhere'}"
         + (", where anybody who runs it can shadow packages of the index by a higher version."
            if extra else ", whoever runs that."))  # fmt: skip


def _direct(context: Context, entry: str, place: str, into: Examination) -> None:
    found = _URL.search(entry)
    if not found:
        _add(context, into, Severity.MEDIUM, place, entry,
             "A package is installed from a directory that comes with the model.")  # fmt: skip
        return
    scheme, host = found[2].lower(), _host(found[3])
    if scheme in ("http", "git", "ftp", "svn") or _ADDRESS.match(host):
        severity = Severity.HIGH if _LOCAL.match(host) else Severity.CRITICAL
        message = f"A package is fetched from {host[:100]} over a connection anybody can change."
        if scheme == "https":
            message = f"A package is fetched from the bare address {host[:100]}."
    elif scheme == "file":
        severity, message = Severity.MEDIUM, "A package is installed from a local file."
    elif host in _FORGES or is_known_index(host):
        pinned = bool(_COMMIT.search(found[3])) or "sha256=" in entry or is_known_index(host)
        severity = Severity.LOW if pinned else Severity.MEDIUM
        message = f"A package is built from a repository at {host}" + (
            "." if pinned else ", as it is on the day of installing.")  # fmt: skip
    else:
        severity, message = Severity.HIGH, f"A package is fetched from {host[:100]}."
    _add(context, into, severity, place, entry, message)


def _host(rest: str) -> str:
    return rest.partition("/")[0].rpartition("@")[2].lower().removesuffix(":443")


def _name(context: Context, entry: str, place: str, into: Examination, unpinned: list[str]
          ) -> None:  # fmt: skip
    found = _NAME.match(entry)
    if not found:
        return
    name = found[1]
    if not re.match(r"\s*(?:===?|~=)", found[3]) and "--hash" not in found[3]:
        unpinned.append(name)
    popular = resembles(name)
    if popular:
        into.add(
            "requirements.look-alike",
            Severity.MEDIUM,
            f"The package {name[:80]!r} is not a common one, but its name is close to {popular!r}.",
            location=context.at(place),
            evidence=entry[:200],
            remedy=f"Check whether {popular} was meant before anybody installs it.",
        )


def _add(context: Context, into: Examination, severity: Severity, place: str, evidence: str,
         message: str) -> None:  # fmt: skip
    into.add("requirements.source", severity, message, location=context.at(place),
             evidence=evidence.strip()[:200], remedy=_REMEDY)  # fmt: skip


def examine_toml(context: Context, text: str, into: Examination) -> None:  # noqa: C901
    """Examine pyproject.toml, Pipfile or another TOML file that lists packages."""
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        into.add("config.unreadable", Severity.LOW, f"This is not TOML: {str(error)[:120]}.",
                 location=context.at(""), remedy="Fetch the file again.")  # fmt: skip
        return
    unpinned: list[str] = []
    for path, value in _leaves(document):
        key = path[-1] if path else ""
        if isinstance(value, str):
            if key in ("index-url", "extra-index-url", "find-links", "default-index"):
                _index(context, f"--{key}", value, ".".join(path), into)
            elif key == "url" and any(part in ("source", "index", "sources") for part in path):
                _index(context, "--extra-index-url" if "extra" in path else "--index-url", value,
                       ".".join(path), into)  # fmt: skip
            elif _URL.search(value) and "dependencies" in " ".join(path):
                url = f"git+{value}" if key == "git" and "+" not in value else value
                _direct(context, url, ".".join(path), into)
            elif path[-2:-1] == ("[]",) or key == "[]":  # noqa: SIM102
                if any("dependencies" in part or part == "requires" for part in path):
                    _name(context, value, ".".join(path), into, unpinned)
    packages = {k: v for k in ("packages", "dev-packages") if isinstance(document.get(k), dict)
                for v in [document[k]]}  # fmt: skip
    poetry = document.get("tool", {})
    poetry = poetry.get("poetry", {}) if isinstance(poetry, dict) else {}
    if isinstance(poetry, dict) and isinstance(poetry.get("dependencies"), dict):
        packages["tool.poetry"] = poetry["dependencies"]
    for where, table in packages.items():
        for name in table:
            if name != "python":
                _name(context, name, where, into, unpinned)


def _leaves(root: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    stack: list[tuple[tuple[str, ...], Any]] = [((), root)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, dict):
            stack += [((*path[-12:], key), item) for key, item in value.items()]
        elif isinstance(value, list):
            stack += [((*path[-12:], "[]"), item) for item in value]
        else:
            yield path, value


def judge_package_json(context: Context, value: dict[str, Any], into: Examination) -> None:
    """Add findings about a package.json: scripts npm runs, packages from elsewhere."""
    scripts = value.get("scripts")
    for name in ("preinstall", "install", "postinstall", "prepare"):
        line = scripts.get(name) if isinstance(scripts, dict) else None
        if isinstance(line, str) and line:
            from steelyard.scanning.rules.python_tables import HOSTILE_COMMAND

            hostile = bool(HOSTILE_COMMAND.search(line[:5000]))
            into.add(
                "requirements.install-script",
                Severity.CRITICAL if hostile else Severity.MEDIUM,
                f"Installing runs the script {name!r}.",
                location=context.at(f"scripts.{name}"),
                evidence=line[:200],
                remedy="Install with scripts turned off.",
            )
    for group in ("dependencies", "devDependencies", "optionalDependencies"):
        entries = value.get(group)
        for name, spec in entries.items() if isinstance(entries, dict) else ():
            if isinstance(spec, str) and _URL.search(spec):
                _direct(context, spec, f"{group}.{name[:60]}", into)
