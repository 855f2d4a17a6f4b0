"""benchmarks/blind: made bodies pass the checks they should and no others; sets are whole, held ones stay unread."""

from __future__ import annotations

import hashlib
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from motiongpt.motion import Motion

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks" / "blind"
MODULES = ("signals", "arm_events", "body_events", "qualities", "judge", "faults", "run")


@pytest.fixture(scope="module")
def blind() -> Iterator[Any]:
    """The modules of the benchmark, which import each other by name as scripts do."""
    before = {name: sys.modules.pop(name, None) for name in MODULES}
    sys.path.insert(0, str(FOLDER))
    try:
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in MODULES})
    finally:
        sys.path.remove(str(FOLDER))
        for name, module in before.items():
            sys.modules.pop(name, None)
            if module is not None:
                sys.modules[name] = module


@pytest.fixture
def stand(walk: Motion) -> np.ndarray:
    """Three seconds of one pose of the walk."""
    return np.repeat(walk.joints[:1], 60, axis=0)


GO, BACK, STILL = ["go", {"dist": 1.0}], ["go", {"dir": "back", "dist": 1.0}], ["still", {}]
WALKS = [GO, ["pace", {"lo": 0.8, "hi": 1.6}], ["straight", {}], ["travels", {"d": 2.0, "dir": "forward"}]]
STANDS = [STILL, ["quiet", {}], ["stays", {"r": 0.1}], ["go", {"exact": 0}]]
NEITHER = [BACK, ["run", {}], ["jump", {}], ["sit", {}], ["lie", {}], ["kneel", {}], ["wave", {}], ["handup", {}]]


def test_a_walk_and_a_standing_body(blind: Any, walk: Motion, stand: np.ndarray) -> None:
    def passes(joints: np.ndarray, check: list[Any]) -> bool:
        return blind.judge.judge(joints, [check])[0]

    assert [passes(walk.joints, check) for check in WALKS + STANDS] == [True] * 4 + [False] * 4
    assert [passes(stand, check) for check in WALKS + STANDS] == [False, False, True, False] + [True] * 4
    assert not any(passes(joints, check) for check in NEITHER for joints in (walk.joints, stand))
    assert passes(walk.joints[::-1], BACK)
    assert not passes(walk.joints[::-1], GO)


def test_combinators(blind: Any, walk: Motion, stand: np.ndarray) -> None:
    rest = stand - stand[0, 0] * [1, 0, 1] + walk.joints[-1, 0] * [1, 0, 1]
    stops = np.concatenate([walk.joints, rest])

    def passes(check: list[Any]) -> bool:
        return blind.judge.judge(stops, [check])[0]

    assert passes(["seq", {"of": [GO, STILL]}])
    assert not passes(["seq", {"of": [STILL, GO]}])
    assert passes(["end", {"of": STILL}])
    assert not passes(["begin", {"of": STILL}])
    assert not passes(["same", {"of": [GO, STILL]}])
    assert passes(["any", {"of": [BACK, GO]}])
    assert not passes(["all", {"of": [BACK, GO]}])
    assert passes(["not", {"of": BACK}])


def test_verdicts_do_not_depend_on_place_and_direction(blind: Any, walk: Motion) -> None:
    turned = walk.joints[..., [2, 1, 0]] * [1, 1, -1] + [3, 0, -2]
    assert blind.judge.judge(turned, WALKS)[0]
    assert blind.faults.same_motion(walk.joints, turned)
    assert not blind.faults.same_motion(walk.joints, walk.joints[::-1])


def test_faults(blind: Any, stand: np.ndarray) -> None:
    def found(joints: np.ndarray) -> set[str]:
        result = blind.faults.faults(joints)
        assert result["clean"] != any(result[name] for name in ("floats", "glides", "penetrates", "jumps_pos"))
        return {name for name in ("glides", "penetrates", "jumps_pos") if result[name]}

    level = np.where(np.isin(np.arange(22), (7, 8, 10, 11))[:, None] & [False, True, False], 0.02, stand)
    slide, leap = level.copy(), level.copy()
    slide[..., 2] += np.linspace(0, 3, 60)[:, None]
    leap[30:, :, 0] += 1
    assert found(level) == set()
    assert found(slide) == {"glides"}
    assert "jumps_pos" in found(leap)
    assert found(level - [0, 0.2, 0]) == {"penetrates"}


def names(check: list[Any], combinators: tuple[str, ...]) -> Iterator[str]:
    """The events and predicates that a check names."""
    if check[0] not in combinators:
        yield check[0]
        return
    of = check[1]["of"]
    for part in of if isinstance(of[0], list) else [of]:
        for one in part if isinstance(part[0], list) else [part]:
            yield from names(one, combinators)


@pytest.mark.filterwarnings("ignore:Mean of empty slice")  # a standing body takes no steps
@pytest.mark.parametrize("name", ["dev", "held1", "held2"])
def test_sets_are_whole(blind: Any, name: str, stand: np.ndarray) -> None:
    items = blind.run.load_set(name)
    known = blind.signals.EVENTS.keys() | blind.signals.PREDICATES.keys()
    named = [one for item in items for check in item["checks"] for one in names(check, blind.judge.COMBINATORS)]
    reasons = [why for item in items for _, _, why in blind.judge.judge(stand, item["checks"])[1]]
    # Numbers alone are compared, so that a failure shows no sentence of a held set.
    found = {
        "items": len(items),
        "ids": len({item["id"] for item in items}),
        "sentences": len({item["text"].strip() for item in items}),
        "without checks": sum(not item["checks"] for item in items),
        "unknown names": sum(one not in known for one in named),
        "errors of the judge": sum("JUDGE ERROR" in why for why in reasons),
    }
    whole = {"items": 120, "ids": 120, "sentences": 120}
    assert found == whole | {"without checks": 0, "unknown names": 0, "errors of the judge": 0}


def test_the_sets_are_those_of_the_readme(blind: Any) -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for file in blind.run.SETS.values():
        assert f"| `{file}` | `{hashlib.sha256((FOLDER / file).read_bytes()).hexdigest()}` |" in readme


def test_held_sentences_are_neither_printed_nor_written(
    blind: Any, stand: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    items = blind.run.load_set("dev")[:3]
    monkeypatch.setattr(blind.run, "load_set", lambda name: items)
    standing = SimpleNamespace(generate=lambda text, **options: SimpleNamespace(joints=stand))
    for item in items[:2]:
        assert not blind.run.generate(standing, item, 0, "on", tmp_path / f"{item['id']}_0.npz")
    for name, shown in (("dev", True), ("held1", False)):
        monkeypatch.setattr(sys, "argv", ["run.py", "--set", name, "--out", str(tmp_path), "--rejudge"])
        blind.run.main()
        written = (tmp_path / "report.json").read_text() + capsys.readouterr().out
        assert [item["text"] in written for item in items] == [shown] * 3
        assert json.loads((tmp_path / "report.json").read_text())["table"]["all"]["n"] == 3
