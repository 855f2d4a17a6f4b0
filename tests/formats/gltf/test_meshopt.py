"""Data compressed by meshoptimizer 0.2.30, against what its own decoder gives (meshopt.json)."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motiongpt.formats.gltf import meshopt

GOLDEN = json.loads((Path(__file__).with_name("meshopt.json")).read_text(encoding="utf-8"))


@pytest.mark.parametrize("entry", GOLDEN, ids=lambda e: f"v{e['version']}-{e['filter']}-{e['count']}x{e['stride']}")
def test_as_meshoptimizer_decodes(entry: dict) -> None:
    data, expected = b64decode(entry["compressed"]), b64decode(entry["decoded"])
    result = meshopt.decode(data, entry["count"], entry["stride"], "ATTRIBUTES", entry["filter"])
    if entry["filter"] == "QUATERNION":  # meshoptimizer rounds with single precision
        ours, theirs = (np.frombuffer(part, dtype="<i2").astype(int) for part in (result, expected))
        assert np.abs(ours - theirs).max() <= 1
    else:
        assert result == expected


@given(data=st.data())
def test_damage_is_refused_or_decoded_to_the_size(data: st.DataObject) -> None:
    entry = data.draw(st.sampled_from(GOLDEN))
    content = bytearray(b64decode(entry["compressed"]))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))]
    try:
        result = meshopt.decode(bytes(content), entry["count"], entry["stride"], "ATTRIBUTES", entry["filter"])
    except ValueError:
        return
    assert len(result) == entry["count"] * entry["stride"]


@pytest.mark.parametrize(
    ("count", "stride", "mode", "kind"),
    [
        (10, 4, "TRIANGLES", "NONE"),
        (10, 4, "ATTRIBUTES", "OCTAHEDRAL"),
        (10, 6, "ATTRIBUTES", "NONE"),
        (10, 0, "ATTRIBUTES", "NONE"),
        (10, 16, "ATTRIBUTES", "QUATERNION"),
        (10**9, 4, "ATTRIBUTES", "NONE"),
        (10, 4, "ATTRIBUTES", "NONE"),
    ],
)
def test_what_cannot_be_is_refused(count: int, stride: int, mode: str, kind: str) -> None:
    with pytest.raises(ValueError):
        meshopt.decode(bytes(40), count, stride, mode, kind)
