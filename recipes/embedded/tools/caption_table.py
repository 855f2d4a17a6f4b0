"""Makes the caption table that `motiongpt data build --captions` reads from a copy of HumanML3D.

    git clone https://github.com/EricGuo5513/HumanML3D
    python recipes/embedded/tools/caption_table.py HumanML3D raw/captions/humanml3d.jsonl.gz

Of the copy it reads index.csv, HumanML3D/texts.zip (or the folder texts) and the lists HumanML3D/train.txt, val.txt and
test.txt. Captions of a part of a clip and malformed lines are skipped, and clips without other captions.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from motiongpt.data.json_lines import write_json_lines
from motiongpt.data.layout import SPLITS, read_ids
from motiongpt.data.texts import Caption, parse_caption


def rows(root: Path) -> Iterator[dict[str, Any]]:
    """Rows of the caption table, in the order of index.csv."""
    data = root / "HumanML3D"
    splits = {clip: split for split in SPLITS for clip in read_ids(data, split)}
    texts = _texts(data)
    with (root / "index.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            clip = Path(row["new_name"]).stem
            captions = [caption.text for caption in texts.get(clip, []) if caption.whole]
            if clip in splits and captions:
                yield {
                    "id": clip,
                    "source": row["source_path"].removeprefix("./pose_data/"),
                    "start_frame": int(row["start_frame"]),
                    "end_frame": int(row["end_frame"]),
                    "split": splits[clip],
                    "captions": captions,
                    "trial": None,
                }


def _texts(data: Path) -> dict[str, list[Caption]]:
    """Captions by clip."""
    if (data / "texts").is_dir():
        files = {path.stem: path.read_text(encoding="utf-8") for path in (data / "texts").glob("*.txt")}
    else:
        with zipfile.ZipFile(data / "texts.zip") as archive:
            names = [name for name in archive.namelist() if name.endswith(".txt")]
            files = {Path(name).stem: archive.read(name).decode("utf-8") for name in names}
    captions: dict[str, list[Caption]] = {}
    for clip, text in files.items():
        for line in text.splitlines():
            with contextlib.suppress(ValueError):
                captions.setdefault(clip, []).append(parse_caption(line))
    return captions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("humanml3d", type=Path)
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    print(f"{write_json_lines(arguments.output, rows(arguments.humanml3d))} clips")


if __name__ == "__main__":
    main()
