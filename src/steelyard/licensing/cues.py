# SPDX-License-Identifier: Apache-2.0
"""Signs that a stretch of text binds, limits or forbids something.

Used on text that belongs to no known license: a model's description around its license is fine, a
sentence that takes back what the license gives is not. The list is deliberately generous; a false
alarm costs a look, a missed restriction costs a breach.
"""

from __future__ import annotations

import re

_ENGLISH = (
    r"\b(?:may|must|shall|can|do|does|is|are|be|will|should|could)\s*(?:not|n['\u2019]?t)\b|\bcannot\b"
    r"|\b(?:must|shall|mandatory|obligat\w*|requires?|required|requirement\w*)\b"
    r"|\b(?:prohibit\w*|forbid\w*|disallow\w*|restrict\w*|limited to|limitation\w*|exclu\w+)\b"
    r"|\b(?:only|solely|except|unless|provided that|subject to|notwithstanding|in addition to)\b"
    r"|\bnon[\s-]*(?:commercial|profit|production)\w*|\bcommercial\w*|\bacademic\b|\bpersonal use\b"
    r"|\bresearch (?:use|purposes?)\b|\bevaluation purposes?\b|\binternal\b"
    r"|\b(?:additional|further|supplement\w*|special|extra) (?:terms?|conditions?|restrictions?"
    r"|provisions?|clauses?|permissions?)\b|\bamend\w*|\bmodification (?:part )?is\b|\bsupersede\w*"
    r"|\b(?:revo[ck]\w*|terminat\w*|suspend\w*|expires?)\b"
    r"|\b(?:royalt\w*|fees?|payments?|paid|pay|subscri\w*|revenue|registration)\b"
    r"|\b(?:prior|written) (?:permission|consent|approval|agreement)\b|\bseparate license\b"
    r"|\b(?:military|weapons?|warfare|surveillance|sanction\w*|embargo\w*|jurisdiction|domiciled)\b"
    r"|\bmonthly active users?\b|\b(?:no|without) (?:use|right|permission|license|redistribut\w+)\b"
    r"|\bnot (?:permitted|allowed|licensed|granted|available|to be|for)\b"
    r"|\b(?:train|fine-?tune|improve|distill)\w*\b.{0,40}\bother\b|\bcompet(?:e|es|ing|itor\w*)\b"
    r"|\bagree(?:s|d|ment)? (?:to|that)\b|\bconsent\b|\bproprietary\b|\bconfidential\b"
)
_OTHER = (
    r"\bnicht\b|\bverboten\b|\buntersagt\b|\bnur\b|\bausschlie\w+|\bkommerziell\w*|\bgewerblich\w*"
    r"|\binterdit\w*|\buniquement\b|\bseulement\b|\bsauf\b|\bne\s+\w+\s+pas\b|\bcommerciale?s?\b"
    r"|\bprohibid\w+|\b[uú]nicamente\b|\bs[oó]lo\b|\bcomercial\w*|\bno (?:podr|se puede)\w*"
    r"|不得|禁止|不可|不能|不允许|仅限|仅供|只能|非商业|商业|商用|未经|除非|必须|须|付费|撤销|终止"
    r"|禁じ|のみ|商用|商業|できません|금지|상업|불가"
)
_CUE = re.compile(f"{_ENGLISH}|{_OTHER}", re.IGNORECASE)
_UNREAD = re.compile("[^\\W\\d_\u0000-\u024f\u1e00-\u1eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_UNREAD_LETTERS = 12

CRITICAL_WORDS = frozenset(
    [
        "not",
        "no",
        "non",
        "never",
        "only",
        "solely",
        "may",
        "must",
        "shall",
        "will",
        "can",
        "cannot",
        "except",
        "unless",
        "without",
        "with",
        "and",
        "or",
        "any",
        "all",
        "each",
        "none",
        "commercial",
        "noncommercial",
        "personal",
        "private",
        "academic",
        "research",
        "evaluation",
        "internal",
        "limited",
        "exclusive",
        "nonexclusive",
        "perpetual",
        "irrevocable",
        "revocable",
        "royalty",
        "free",
        "paid",
        "fee",
        "transferable",
        "sublicensable",
        "sublicense",
        "worldwide",
        "permitted",
        "prohibited",
        "forbidden",
        "allowed",
        "granted",
        "million",
        "billion",
        "thousand",
        "hundred",
        "days",
        "months",
        "years",
        "users",
        "revenue",
        "prior",
        "written",
        "permission",
        "consent",
        "terminate",
        "termination",
        "train",
        "training",
        "outputs",
        "output",
        "military",
        "competing",
    ]
)
"""Words whose change can turn a license around; never taken for typing errors."""


def binds(text: str) -> bool:
    """Tell whether ``text`` shows a sign of binding terms, or is in a script we cannot read."""
    if _CUE.search(text):
        return True
    return len(_UNREAD.findall(text)) >= _UNREAD_LETTERS
