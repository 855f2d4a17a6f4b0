"""docs/own-data.md, command by command, on a folder of BVH files: from motion files to a model."""

from __future__ import annotations

import csv
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

from motiongpt.motion import Motion

from .conftest import Cli

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "own-data.md").read_text(encoding="utf-8")


def _commands() -> list[list[str]]:
    blocks = re.findall(r"(<!-- not run[^>]*-->\n)?```bash\n(.*?)```", PAGE, flags=re.DOTALL)
    lines = [line for skipped, code in blocks if not skipped for line in code.splitlines()]
    assert all(line.startswith("motiongpt ") for line in lines)
    return [shlex.split(line)[1:] for line in lines]


def _table() -> str:
    """The example of a table on the page."""
    return PAGE.partition("```csv\n")[2].partition("```")[0]


def test_the_page_leads_to_a_model(cli: Cli, make_walk: Callable[..., Motion]) -> None:
    folder = Path("my-motions")
    for number in range(1, 7):
        make_walk(frames=60 + 8 * number, fps=30, speed=0.6 + 0.2 * number).save(folder / f"walk_forward_0{number}.bvh")
    make_walk(frames=200).save(folder / "dance" / "salsa.bvh")
    make_walk(frames=200, speed=0.3).save(folder / "martial arts" / "kick_left.bvh")
    (folder / "martial arts" / "kick_left.txt").write_text("a person kicks\n")
    (folder / "broken.bvh").write_text("HIERARCHY\nROOT cut")
    Path("captions.csv").write_text(_table())
    outputs = {}
    for command in _commands():
        result = cli(*command)
        assert result.code == 0, f"{command}: {result.err}"
        outputs[" ".join(command[:2])] = result
    report = json.loads(Path("data/mine/report.json").read_text())
    assert [entry["what"] for entry in report["dropped"]] == ["broken"]
    assert "dropped broken" in outputs["data build"].err
    assert report["words"] == {"file name": 5, "none": 1, "table": 4}
    with Path("data/mine/clips.csv").open(newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    bow = rows["own_dance_salsa_00130_00180"]
    assert (bow["start_frame"], bow["captions"], bow["caption_source"]) == ("130", "1", "table")
    kick = rows["own_martial_arts_kick_left_00"]
    # 200 frames at 60 fps; the table wins over the text file.
    assert (kick["frames"], kick["source_fps"], kick["split"]) == ("66", "60", "test")
    text = Path("data/mine/texts/Mown_martial_arts_kick_left_00.txt").read_text()
    assert text.startswith("a person kicks with the right leg#")
    assert Path("data/mine/texts/own_walk_forward_02_00.txt").read_text().startswith("walk forward#")
    assert list(Path("made").glob("*.bvh"))
    assert outputs["describe my-motions/walk_forward_01.bvh"].code == 0
