# SPDX-License-Identifier: Apache-2.0
"""Words of assessments that come from the data, marked so that every language can say them."""

from __future__ import annotations

from steelyard.ui.texts import mark

WORDS = (
    mark("clean"), mark("unreadable"), mark("suspicious"), mark("malicious"),
    mark("critical"), mark("high"), mark("moderate"), mark("medium"), mark("low"), mark("info"),
    mark("review required"), mark("examined"), mark("partly examined"), mark("not examined"),
    mark("not evaluated"), mark("satisfied"), mark("did not hold"),
    mark("could not be decided"), mark("held"), mark("did not apply"), mark("ok"),
    mark("needs a look"), mark("duty missing"), mark("needs a license"), mark("prohibited"),
    mark("missing"), mark("to do"), mark("not due"), mark("stated"), mark("weak claim"),
    mark("loaders follow it"), mark("rejects"), mark("asks for review"), mark("sets a condition"),
    mark("warns"),
)  # fmt: skip
SENTENCES = (
    mark("This use is prohibited."),
    mark("This use needs a license that is not there yet."),
    mark("This use is permitted once the missing duties are fulfilled."),
    mark("A human must look before this use."),
    mark("Nothing in the licenses stands against this use."),
)
LINEAGE = (
    mark("fine-tuned into"), mark("merged into"), mark("adapted by"), mark("quantized into"),
    mark("outputs taught"), mark("trained"), mark("code trained"), mark("generated"),
    mark("serves"), mark("included in"), mark("code included in"), mark("changed into"),
    mark("translated into"), mark("copied into"), mark("model"), mark("merge"),
    mark("quantized model"), mark("distilled model"), mark("merged model"), mark("data set"),
    mark("bytes"), mark("name"), mark("name and bytes"),
)  # fmt: skip
LICENSES = (
    mark("permissive"), mark("content"), mark("weak-copyleft"), mark("strong-copyleft"),
    mark("use-restricted"), mark("source-available"), mark("non-commercial"),
    mark("research-only"), mark("conditional"), mark("exact"), mark("same wording"),
    mark("variant of"), mark("plus additional terms"), mark("several"), mark("notice"),
    mark("naming"), mark("outputs"), mark("use-policy"), mark("share-alike"),
    mark("redistribution"), mark("patent"), mark("revocability"), mark("attribution"),
)  # fmt: skip
