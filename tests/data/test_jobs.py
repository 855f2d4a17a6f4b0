"""Jobs: order, markers, resuming, the folder they write."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from motiongpt.data.jobs import JobFolder, check_workers, run_jobs
from motiongpt.errors import MotionGPTError


@dataclass(frozen=True)
class Doubling:
    """Writes a file with twice its number, and a log of its runs."""

    root: Path
    number: int
    version: str = "1"
    units = 1

    @property
    def marker(self) -> Path:
        return self.root / "markers" / f"{self.number}.json"

    @property
    def cost(self) -> float:
        return self.number

    def key(self) -> str:
        return self.version

    def run(self) -> dict[str, Any]:
        with (self.root / "log").open("a") as log:
            log.write(f"{self.number}\n")
        (self.root / str(self.number)).write_text(str(2 * self.number))
        return {"double": 2 * self.number}

    def files_exist(self, result: dict[str, Any]) -> bool:
        return (self.root / str(result["double"] // 2)).is_file()


def log(root: Path) -> list[str]:
    return (root / "log").read_text().splitlines()


def test_results_come_in_order_and_costly_jobs_start_first(tmp_path: Path) -> None:
    jobs = [Doubling(tmp_path, number) for number in (1, 3, 2)]
    results = run_jobs(jobs, 1, label="numbers", progress=False)
    assert [result.values["double"] for result in results] == [2, 6, 4]
    assert log(tmp_path) == ["3", "2", "1"]
    assert not any(result.resumed for result in results)


def test_finished_jobs_are_not_run_again(tmp_path: Path) -> None:
    jobs = [Doubling(tmp_path, number) for number in (1, 2, 3, 4)]
    first = run_jobs(jobs, 1, label="numbers", progress=False)
    (tmp_path / "1").unlink()
    jobs[1].marker.write_text("{")
    jobs[2] = Doubling(tmp_path, 3, version="2")
    (tmp_path / "log").unlink()
    again = run_jobs(jobs, 1, label="numbers", progress=False)
    # A lost file, a broken marker, another key: these jobs run again.
    assert sorted(log(tmp_path)) == ["1", "2", "3"]
    assert [result.resumed for result in again] == [False, False, False, True]
    assert [result.values["double"] for result in again] == [result.values["double"] for result in first]
    assert json.loads(jobs[2].marker.read_text())["key"] == "2"


def test_workers_do_not_change_the_results(tmp_path: Path) -> None:
    roots = [tmp_path / "one", tmp_path / "two"]
    for root in roots:
        root.mkdir()
    one, two = (
        run_jobs([Doubling(root, number) for number in range(5)], workers, label="numbers", progress=False)
        for root, workers in zip(roots, (1, 2), strict=True)
    )
    assert one == two


def test_a_folder_belongs_to_the_command_that_began_it(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path / "set", ".mine")
    assert not (tmp_path / "set").exists()
    folder.create(("new_joint_vecs",))
    folder.write_report({"clips": 1}, "# Report\n")
    assert json.loads((tmp_path / "set" / "report.json").read_text()) == {"clips": 1}
    JobFolder(tmp_path / "set", ".mine")
    with pytest.raises(MotionGPTError, match="already holds a data set"):
        JobFolder(tmp_path / "set", ".other")


def test_there_is_at_least_one_worker() -> None:
    check_workers(None)
    check_workers(1)
    with pytest.raises(MotionGPTError, match="1 or more, not 0"):
        check_workers(0)
