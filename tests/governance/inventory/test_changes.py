# SPDX-License-Identifier: Apache-2.0
"""What changed between two revisions, and that nothing is called a change that is none."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.governance.inventory.samples import snapshot

from steelyard.governance.inventory.changes import MOST, diff

OLD = {
    "model.safetensors": "weights", "modeling.py": "pass", "old.json": "moved", "gone.txt": "g",
    "requirements.txt": "a==1",
}  # fmt: skip
NEW = {
    "model.safetensors": "other weights", "modeling.py": "pass", "new.json": "moved",
    "hook.py": "import os", "requirements.txt": "a==2",
}  # fmt: skip


def test_every_kind_of_change_has_its_place() -> None:
    old = snapshot(files=OLD, findings=("code.eval",), license_key="apache-2.0")
    new = snapshot(
        files=NEW,
        findings=("code.network",),
        license_key="cc-by-nc-4.0",
        bases=("meta/base",),
        commit="b" * 40,
        **{"scan.worst": "suspicious"},
    )
    found = diff(old, new)
    assert not found.same_bytes
    assert {(each.path, each.change) for each in found.files} == {
        ("model.safetensors", "changed"),
        ("hook.py", "added"),
        ("gone.txt", "removed"),
        ("new.json", "moved"),
        ("requirements.txt", "changed"),
    }
    assert [each.path for each in found.weights] == ["model.safetensors"]
    assert found.weights[0].sha256_before != found.weights[0].sha256_after
    assert [each.path for each in found.code] == ["hook.py"]
    assert [each.path for each in found.dependencies] == ["requirements.txt"]
    assert {each.name for each in found.card} == {"license", "base_models"}
    assert found.license.direction in ("stricter", "mixed")
    assert any("commercial use" in why for why in found.license_reopens)
    assert [each.what for each in found.lineage] == ["origin", "source_added"]
    assert [each.rule for each in found.findings_added] == ["code.network"]
    assert [each.rule for each in found.findings_gone] == ["code.eval"]
    assert [(each.name, each.before, each.after) for each in found.facts] == [
        ("scan.worst", "clean", "suspicious")
    ]


def test_long_lists_are_cut_and_say_so() -> None:
    many = {f"part-{number}.py": str(number) for number in range(MOST + 7)}
    found = diff(snapshot(files=OLD), snapshot(files=many))
    assert len(found.files) == MOST
    assert found.left_out == {"files": len(many) + len(OLD) - MOST}


TREES = st.dictionaries(st.sampled_from([f"{c}.py" for c in "abcdef"]), st.sampled_from("xyz"))


@given(TREES, TREES)
def test_a_diff_turns_around(one: dict[str, str], two: dict[str, str]) -> None:
    old, new = snapshot(files={**one, "m": "m"}), snapshot(files={**two, "m": "m"})
    there, back = diff(old, new), diff(new, old)
    assert diff(old, old).files == ()
    assert there.same_bytes == (one == two) == (not there.files)
    sizes = [{each.change: 0 for each in found.files} for found in (there, back)]
    for count, found in zip(sizes, (there, back), strict=True):
        for each in found.files:
            count[each.change] += 1
    turned = {"added": "removed", "removed": "added"}
    assert sizes[1] == {turned.get(change, change): n for change, n in sizes[0].items()}
