# SPDX-License-Identifier: Apache-2.0
"""Makes harmless copies and altered copies of license texts, from a seed.

Harmless: what publishers, editors, converters and scanners do to a text without changing what it
says. Altered: what turns it around, openly and in hiding. The same seed gives the same cases.
"""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Callable, Iterator
from random import Random

from msgspec import Struct

Change = Callable[[str, Random], str | None]
"""Return the changed text, None where the change does not apply."""


class Case(Struct, frozen=True):
    """One text to judge; ``altered`` tells whether it must not be called clean."""

    base: str
    kind: str
    altered: bool
    text: str


# Harmless ---------------------------------------------------------------------------------------


def rewrap(text: str, chance: Random) -> str:
    """Break paragraphs at another width."""
    width = chance.choice([40, 60, 72, 100, 200])
    parts = re.split(r"\n\s*\n", text)
    return "\n\n".join(
        textwrap.fill(" ".join(part.split()), width, break_long_words=False) for part in parts
    )


def indent(text: str, chance: Random) -> str:
    """Indent every line, with Windows line ends."""
    pad = chance.choice(["    ", "\t", " " * 8])
    return "".join(f"{pad}{line}\r\n" for line in text.split("\n"))


def comment(text: str, chance: Random) -> str:
    """Put the text into a comment of a programming language."""
    leader = chance.choice(["// ", "# ", " * ", "dnl ", ";; ", "-- ", "% ", "> "])
    body = "\n".join(f"{leader}{line}".rstrip() for line in text.split("\n"))
    return f"/*\n{body}\n */\n" if leader == " * " else body


def markdown(text: str, chance: Random) -> str:
    """Write the text as Markdown with front matter, headings, bold words and a link."""
    lines = []
    for line in text.split("\n"):
        if 3 < len(line) < 60 and line.upper() == line and chance.random() < 0.5:
            line = f"## {line}"
        elif re.match(r"\s*\d+\. [A-Z]", line):
            line = re.sub(r"\d+\. ([A-Z]\w+)", r"**\1**", line, count=1)
        if "](" not in line:
            line = re.sub(r"(https?://[^\s)>]+\w)", r"[\1](\1)", line)
        lines.append(line)
    return "---\nlicense: other\n---\n\n" + "\n".join(lines)


def as_html(text: str, chance: Random) -> str | None:
    """Write the text as a page."""
    if "<br" in text:
        return None  # is one already
    parts = [html.escape(part) for part in re.split(r"\n\s*\n", text)]
    tag = chance.choice(["p", "div class='x'", "li"])
    body = "\n".join(f"<{tag}>{part}</{tag.split()[0]}>" for part in parts)
    return f"<html><head><title>Text</title></head><body>\n{body}\n</body></html>"


def typographic(text: str, chance: Random) -> str:
    """Use quotation marks and dashes as a typesetter would, and spaces that do not break."""
    text = re.sub(r'"([^"\n]*)"', "\u201c\\1\u201d", text).replace("'", "\u2019")
    text = text.replace(" - ", " \u2014 ").replace("-", "\u2011" if chance.random() < 0.5 else "-")
    return text.replace(", ", ",\u00a0")


def plain_quotes(text: str, chance: Random) -> str:
    """Undo a typesetter's marks."""
    return text.translate(str.maketrans("\u201c\u201d\u2018\u2019\u2013\u2014", "\"\"''--"))


def invisible(text: str, chance: Random) -> str:
    """Scatter characters nobody sees, as copying from a page does."""
    words = text.split(" ")
    for _ in range(len(words) // 40):
        at = chance.randrange(len(words))
        cut = len(words[at]) // 2
        words[at] = words[at][:cut] + chance.choice("\u200b\u00ad\u2060") + words[at][cut:]
    return "\ufeff" + " ".join(words)


def hyphenated(text: str, chance: Random) -> str:
    """Break words at line ends, with running page numbers, as text taken out of a PDF."""
    wrapper = textwrap.TextWrapper(width=70, break_long_words=False)
    lines: list[str] = []
    for part in re.split(r"\n\s*\n", text):
        for line in wrapper.wrap(" ".join(part.split())):
            head, _, last = line.rpartition(" ")
            if head and last.isalpha() and len(last) > 8 and chance.random() < 0.3:
                line = f"{head} {last[:4]}-\n{last[4:]}"
            lines.append(line)
        lines.append("")
    page = 1
    out = []
    for at, line in enumerate(lines):
        out.append(line)
        if at % 45 == 44 and not line:
            out += [chance.choice([f"Page {page} of 9", f"{page}", f"- {page} -"]), "\f", ""]
            page += 1
    return "\n".join(out)


def capitals(text: str, chance: Random) -> str:
    """Shout."""
    return text.upper()


_SPELLINGS = [
    ("license", "licence"), ("License", "Licence"), ("favor", "favour"), ("behavior", "behaviour"),
    ("authorize", "authorise"), ("recognize", "recognise"), ("organization", "organisation"),
    ("non-", "non"), ("sublicense", "sub-license"), ("worldwide", "world-wide"),
    ("fulfill", "fulfil"), ("modeling", "modelling"), ("artifact", "artefact"),
    ("copyright holder", "copyright owner"), ("http:", "https:"), ("(c) 2", "\u00a9 2"),
    ("(C) 2", "\u00a9 2"),
    ("acknowledgment", "acknowledgement"), ("noncommercial", "non-commercial"),
]  # fmt: skip


def respelled(text: str, chance: Random) -> str | None:
    """Spell as the other side of the ocean does; only words the guidelines hold equal."""
    changed = text
    for american, british in _SPELLINGS:
        if chance.random() < 0.7:
            changed = changed.replace(american, british)
    return changed if changed != text else None


def headless(text: str, chance: Random) -> str | None:
    """Leave out the title lines."""
    parts = re.split(r"\n\s*\n", text.strip())
    cut = 0
    while (
        cut < 2 and len(parts[cut].split()) <= 12 and not parts[cut].rstrip().endswith((".", ":"))
    ):
        cut += 1
    return "\n\n".join(parts[cut:]) if cut else None


_HEADS = [
    "Die Gewichte werden unter der folgenden Lizenz ver\u00f6ffentlicht.\n\nLIZENZ",
    "Les poids sont publi\u00e9s sous la licence suivante.\n\nTexte de la licence",
    "\u6a21\u578b\u6743\u91cd\u6309\u4ee5\u4e0b\u8bb8\u53ef\u8bc1\u53d1\u5e03\u3002",
    "El modelo se publica con la siguiente licencia.\n\nLICENCIA",
    "\u3053\u306e\u30e2\u30c7\u30eb\u306e\u30e9\u30a4\u30bb\u30f3\u30b9\u306f\u6b21\u306e\u3068\u304a\u308a\u3067\u3059\u3002",
]


def foreign_head(text: str, chance: Random) -> str:
    """Put a heading in another language before the text."""
    return f"{chance.choice(_HEADS)}\n\n{text}"


def in_card(text: str, chance: Random) -> str:
    """Quote the text in a model card."""
    fence = chance.choice(["", "```"])
    return (
        "---\nlicense: other\nlicense_name: see-below\ntags:\n- text-generation\n---\n\n"
        "# Kestrel 3B\n\nKestrel reads and writes English and German. It has 3.1B parameters, a "
        "context of 8,192 tokens and scores 58.2 on the benchmark of its authors.\n\n"
        "## How to run it\n\n```python\nfrom transformers import pipeline\n"
        'pipe = pipeline("text-generation", model="lab/kestrel-3b")\n```\n\n'
        f"## License\n\n{fence}\n{text}\n{fence}\n\n## Citation\n\n```\n@misc{{kestrel,\n"
        "  title={Kestrel}, author={The Lab}, year={2026}}\n```\n"
    )


def filled(text: str, chance: Random) -> str | None:
    """Fill the blanks for year and name."""
    changed = re.sub(r"<year>|\[yyyy\]|\[year\]|\{year\}|\bYEAR\b", "2024", text)
    changed = re.sub(
        r"<(?:copyright holders?|owner|name of author)>|\[name of copyright owner\]|\[fullname\]",
        "Nimbus Labs GmbH", changed, flags=re.I,
    )  # fmt: skip
    changed = re.sub(
        r"(?m)^Copyright \([cC]\) [\d, -]+ .{3,60}$",
        "Copyright (c) 2021-2026 Ana Mar\u00eda L\u00f3pez <ana@example.org>", changed, count=1,
    )  # fmt: skip
    return changed if changed != text else None


def renumbered(text: str, chance: Random) -> str | None:
    """Number list items in another style."""
    style = chance.choice([r"\1- ", r"\1(\2) ", r"\1\2) ", r"\1* "])
    changed = re.sub(r"(?m)^(\s*)(\d{1,2}|[a-z]|[ivx]{1,4})[.)]\s+", style, text)
    return changed if changed != text else None


def scanned(text: str, chance: Random) -> str:
    """Misread letters in one or two words of a hundred."""
    swaps = [("rn", "m"), ("l", "1"), ("o", "0"), ("e", "c"), ("i", "l"), ("m", "rn"), ("h", "b")]
    words = text.split(" ")
    for at in chance.sample(range(len(words)), max(1, len(words) * chance.choice([1, 2]) // 100)):
        old, new = chance.choice(swaps)
        if words[at].isalpha() and len(words[at]) > 4 and old in words[at]:
            words[at] = words[at].replace(old, new, 1)
    return " ".join(words)


HARMLESS: dict[str, Change] = {
    each.__name__: each
    for each in (
        rewrap, indent, comment, markdown, as_html, typographic, plain_quotes, invisible,
        hyphenated, capitals, respelled, headless, foreign_head, in_card, filled, renumbered,
    )
}  # fmt: skip

# Altered ----------------------------------------------------------------------------------------

_TERMS = [
    "You may not use the Software for any commercial purpose.",
    "Use by organizations with more than 50 employees requires a paid agreement.",
    "The rights granted above are limited to non-commercial research.",
    "Licensor may terminate this license at any time and for any reason.",
    "You must pay a fee of 5 percent of all revenue earned with the model.",
    "This license does not extend to persons located in the European Union.",
    "Outputs must not be used to train other models.",
    "Redistribution is prohibited without prior written consent.",
    "Users shall display our logo on every page.",
    "The model is provided for evaluation purposes only.",
    "Only academic institutions are licensed.",
    "Military use is forbidden.",
]


def appended(text: str, chance: Random) -> str:
    """Add a term after the text."""
    head = chance.choice(["", "Additional terms\n\n", "Addendum: ", "---\n"])
    return f"{text.rstrip()}\n\n{head}{chance.choice(_TERMS)}\n"


def prepended(text: str, chance: Random) -> str:
    """Add a term before the text."""
    return f"{chance.choice(_TERMS)}\n\n{text}"


def inserted(text: str, chance: Random) -> str:
    """Add a term after any sentence, also the first and the last."""
    ends = [match.end() for match in re.finditer(r"[.;:]\s", text)] or [len(text)]
    at = chance.choice([ends[0], ends[-1], chance.choice(ends), chance.choice(ends)])
    return f"{text[:at]} {chance.choice(_TERMS)} {text[at:]}"


_FLIPS = [
    (r"\bmay not\b", "may"), (r"\bmay\b(?! not)", "may not"), (r"\birrevocable\b", "revocable"),
    (r"\bperpetual\b", "temporary"), (r"\bany\b", "no"), (r"\ball\b", "some"), (r"\band\b", "or"),
    (r"\bor\b", "and"), (r"\bwithout\b", "with"), (r"\bwith\b", "without"), (r"\bno\b", "any"),
    (r"\bnot\b ?", ""), (r"\bnon-exclusive\b", "exclusive"), (r"\bworldwide\b", "US-only"),
    (r"royalty-free\b", "royalty-bearing"), (r"\bshall\b", "may"), (r"\bmust\b", "may"),
    (r"\bunless\b", "if"), (r"\bexcept\b", "including"), (r"\bfree of charge\b", "for a fee"),
    (r"\bcommercial\b", "personal"), (r"\bgranted\b", "denied"), (r"\bmillion\b", "thousand"),
    (r"\b(\d)00\b", r"\g<1>0"), (r"\bis\b", "is not"), (r"\bare\b", "are not"),
    (r"\bwill\b", "may"), (r"\bpermitted\b", "prohibited"), (r"\bsublicense\b", "display"),
    (r"\bdistribute\b", "destroy"), (r"\bmodify\b", "view"), (r"\bEuropean Union\b", "world"),
    (r"\bpurpose\b", "private purpose"), (r"\bwritten\b", "oral"), (r"\bprior\b", "later"),
    (r"\binclude\b", "exclude"), (r"\bonly\b ?", ""), (r"\b30 days\b", "3 days"),
    (r"\brights\b", "duties"), (r"\bpatent\b", "trademark"), (r"\byou\b", "students"),
    (r"\bpersons?\b", "student"), (r"\buse\b", "study"), (r"\bnon-?commercial\b", "commercial"),
    (r"(?i)\bsoftware\b", "documentation"), (r"\bLicensor\b", "Licensee"),
]  # fmt: skip


def flipped(text: str, chance: Random) -> str | None:
    """Change one word that matters, anywhere."""
    for old, new in chance.sample(_FLIPS, len(_FLIPS)):
        places = list(re.finditer(old, text))
        if places:
            place = chance.choice(places)
            return text[: place.start()] + place.expand(new) + text[place.end() :]
    return None


def word_lost(text: str, chance: Random) -> str | None:
    """Leave out one word that binds."""
    words = r"\b(?:not|no|only|without|any|all|must|shall|may|non|never|unless|irrevocable|free)\b"
    places = list(re.finditer(words + r"\s?", text))
    if not places:
        return None
    place = chance.choice(places)
    return text[: place.start()] + text[place.end() :]


def sentence_lost(text: str, chance: Random) -> str | None:
    """Leave out a sentence of the terms."""
    sentences = list(re.finditer(r"(?<=[.;])\s+[A-Z][^.;]{60,600}[.;](?=\s)", text))
    if len(sentences) < 3:
        return None
    place = chance.choice(sentences)
    return text[: place.start()] + text[place.end() :]


def paragraph_lost(text: str, chance: Random) -> str | None:
    """Leave out a paragraph of the terms."""
    parts = re.split(r"\n\s*\n", text.strip())
    long = [at for at, part in enumerate(parts) if len(part.split()) > 25]
    if len(long) < 2:
        return None
    del parts[chance.choice(long)]
    return "\n\n".join(parts)


def paragraphs_swapped(text: str, chance: Random) -> str | None:
    """Exchange two paragraphs of the terms."""
    parts = re.split(r"\n\s*\n", text.strip())
    long = [at for at, part in enumerate(parts) if len(part.split()) > 25]
    if len(long) < 2:
        return None
    first, second = chance.sample(long, 2)
    parts[first], parts[second] = parts[second], parts[first]
    return "\n\n".join(parts)


def hidden_word(text: str, chance: Random) -> str | None:
    """Deny with letters that only look Latin, or with characters nobody sees between them."""
    places = list(re.finditer(r"\b(?:may|are|is|can|will)\b(?! not)", text))
    if not places:
        return None
    place = chance.choice(places)
    word = chance.choice(["n\u043et", "n\u200bo\u200bt", "\u0578ot", "n\u00ado\u00adt", "&#110;ot"])
    return f"{text[: place.end()]} {word}{text[place.end() :]}"


def lookalike(text: str, chance: Random) -> str | None:
    """Write a binding word with a letter of another alphabet."""
    places = list(re.finditer(r"\b(?:royalty|perpetual|commercial|permission|granted|may)\b", text))
    if not places:
        return None
    place = chance.choice(places)
    word = place.group().replace("a", "\u0430").replace("o", "\u043e").replace("e", "\u0435")
    return text[: place.start()] + word + text[place.end() :]


def struck_out(text: str, chance: Random) -> str | None:
    """Strike out a word that gives something, or hide a sentence from readers."""
    places = list(re.finditer(r"\b(?:irrevocable|perpetual|sublicense|modify|distribute)\b", text))
    if not places:
        return None
    place = chance.choice(places)
    shown = chance.choice(["~~{}~~", "<del>{}</del>", "<!-- {} -->", "<s>{}</s>"])
    return text[: place.start()] + shown.format(place.group()) + text[place.end() :]


def in_markup(text: str, chance: Random) -> str:
    """Hide a term in a comment, a link's title, an attribute or a style."""
    term = chance.choice(_TERMS)
    hidden = chance.choice(
        [
            f"<!-- {term} -->",
            f'[terms](https://example.org "{term}")',
            f'<a href="#" title="{term}">terms</a>',
            f"[//]: # ({term})",
            f'<span style="display:none">{term}</span>',
            f"<details>{term}</details>",
        ]
    )
    at = text.find("\n\n", chance.randrange(max(1, len(text) - 10)))
    at = len(text) if at < 0 else at
    return f"{text[:at]}\n\n{hidden}\n{text[at:]}"


def in_notice(text: str, chance: Random) -> str:
    """Hide a term in a copyright line."""
    return f"Copyright (c) 2025 Nimbus Labs. {chance.choice(_TERMS)}\n\n{text}"


ALTERED: dict[str, Change] = {
    each.__name__: each
    for each in (
        appended, prepended, inserted, flipped, word_lost, sentence_lost, paragraph_lost,
        paragraphs_swapped, hidden_word, lookalike, struck_out, in_markup, in_notice,
    )
}  # fmt: skip


def cases(texts: dict[str, str], seed: int, *, often: int = 1) -> Iterator[Case]:
    """Yield every harmless change of every text once, and ``often`` of each kind of alteration."""
    chance = Random(seed)
    for base, text in texts.items():
        yield Case(base, "original", False, text)
        for kind, change in HARMLESS.items():
            changed = change(text, chance)
            if changed is not None:
                yield Case(base, kind, False, changed)
        for kind, change in ALTERED.items():
            for _ in range(often):
                changed = change(text, chance)
                if changed is not None and changed != text:
                    yield Case(base, kind, True, changed)


def joined(texts: dict[str, str], seed: int, count: int) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield two or three texts in one, with their names."""
    chance = Random(seed)
    for _ in range(count):
        names = chance.sample(sorted(texts), chance.choice([2, 2, 3]))
        rule = chance.choice(
            ["\n\n", "\n\n---\n\n", f"\n{'=' * 70}\n", "\n\nThird-party code:\n\n"]
        )
        yield tuple(names), rule.join(texts[name].strip() for name in names)
