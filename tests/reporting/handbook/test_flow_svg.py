# SPDX-License-Identifier: Apache-2.0
"""The picture of the path: well-formed, complete, and inside its frame."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from steelyard.catalog.charters import NAMES
from steelyard.charter.load import shipped
from steelyard.reporting.handbook.flow_svg import Signers, draw_path
from steelyard.reporting.handbook.people import track_entries

SVG = "{http://www.w3.org/2000/svg}"


def drawn(name: str, signers: list[str] | None = None) -> ET.Element:
    tracks = track_entries(shipped(name))
    text = draw_path(
        tracks, [Signers(signers or track.sign_offs, track.further) for track in tracks]
    )
    return ET.fromstring(text)


@pytest.mark.parametrize("name", NAMES)
def test_it_names_every_tier_track_and_validity(name: str) -> None:
    texts = [element.text for element in drawn(name).iter("text")]
    for track in track_entries(shipped(name)):
        assert track.name.capitalize() in texts
        assert f"valid {track.valid}" in texts
        assert set(track.tiers) <= set(texts)


@pytest.mark.parametrize("name", NAMES)
def test_boxes_stay_inside_and_apart(name: str) -> None:
    picture = drawn(name, ["a very long name of a role that signs off"] * 9)
    _, _, width, height = map(int, picture.attrib["viewBox"].split())
    boxes = [
        tuple(int(rect.attrib[key]) for key in ("x", "y", "width", "height"))
        for rect in picture.iter("rect")
    ]
    assert all(x >= 0 and y >= 0 for x, y, _, _ in boxes)
    assert all(x + w <= width and y + h <= height for x, y, w, h in boxes)
    for index, (x, y, w, h) in enumerate(boxes):
        for other_x, other_y, other_w, other_h in boxes[index + 1 :]:
            apart = x + w <= other_x or other_x + other_w <= x
            assert apart or y + h <= other_y or other_y + other_h <= y


def test_many_signers_are_counted_and_text_is_escaped() -> None:
    picture = drawn("standard", ["<b>one</b>"] * 9)
    texts = [element.text for element in picture.iter("text")]
    assert "and 3 more" in texts
    assert "<b>one</b>" in texts
    assert picture.find("title") is not None
    assert picture.attrib["role"] == "img"
