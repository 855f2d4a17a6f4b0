"""Verb ``inspect``: what a motion file holds, and how everything that it leaves open is decided."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from motiongpt.cli.console import print_json
from motiongpt.cli.groups import grouped
from motiongpt.cli.inputs import each, expand, finish
from motiongpt.cli.options import AsJson, Input, MotionFiles
from motiongpt.errors import MotionGPTError

if TYPE_CHECKING:
    from motiongpt.formats.reading import Reading
    from motiongpt.motion import Motion


@grouped
def inspect(
    files: MotionFiles,
    reading: Input,
    write_joint_map: Annotated[
        Path | None,
        typer.Option(
            "--write-joint-map", metavar="FILE", help="Write the joint map of one file, to edit and use as --joint-map."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what motion files hold and how they are read.

    For each file: format, clips, frames, frame rate, unit and vertical axis with the reason for each, the joints of the
    file that the 22 joints come from with the confidence of each, the height of the hips, and remarks on everything
    that was guessed.
    """
    from motiongpt import formats
    from motiongpt.formats import joint_map_file

    paths = expand(files)
    if write_joint_map is not None and len(paths) != 1:
        raise MotionGPTError(f"--write-joint-map writes the map of one file, not of {len(paths)}.")
    read, failed = each(paths, lambda path: formats.inspect(path, **reading.chosen()))
    facts = [_facts(path, found) for path, found in read]
    if write_joint_map is not None:
        if not read[0][1].joints:
            raise MotionGPTError(f"{paths[0]}: has joints of its own order, so there is no joint map to write.")
        joint_map_file.write(read[0][1].joints, write_joint_map)
    if as_json:
        print_json({"files": facts})
    else:
        print(*map(_text, facts), sep="\n\n")
    finish(failed, len(paths))


def _facts(path: Path, reading: Reading) -> dict[str, Any]:
    """What is shown of a file, as JSON."""
    motion = reading.motion
    joints = {
        joint: {"from": list(source.names), "confidence": round(source.confidence, 2), "how": source.how}
        for joint, source in reading.joints.items()
    }
    return {
        "file": str(path),
        "format": path.suffix.lower().lstrip("."),
        "clips": list(reading.clips),
        "clip": reading.clip,
        "skeleton": motion.skeleton.name,
        "frames": len(motion),
        "fps": motion.fps,
        "seconds": round(motion.seconds, 3),
        "hip_height": round(_hip_height(motion), 3),
        "decided": dict(reading.decided),
        "joints": joints,
        "remarks": list(reading.remarks),
    }


def _hip_height(motion: Motion) -> float:
    """Median height in metres of the hips over the lowest joint of all frames."""
    import numpy as np

    hips = [place for place, joint in enumerate(motion.skeleton.joints) if joint.endswith("hip")]
    heights = motion.joints[:, hips, 1].mean(axis=1) - motion.joints[..., 1].min()
    return float(np.median(heights))


def _text(facts: dict[str, Any]) -> str:
    """What is shown of a file, as lines."""
    rows = [("format", f"{facts['format']}, {facts['skeleton']} skeleton")]
    if facts["clips"]:
        rows.append(
            ("clips", ", ".join(f"{name} (read)" if name == facts["clip"] else name for name in facts["clips"]))
        )
    rows.append(("length", f"{facts['frames']} frames at {facts['fps']:g} fps, {facts['seconds']:g} s"))
    rows += [(name, reason) for name, reason in facts["decided"].items()]
    rows.append(("hips", f"{facts['hip_height']:g} m above the lowest point"))
    lines = [facts["file"], *(f"  {name:8}{value}" for name, value in rows)]
    if facts["joints"]:
        lines.append("  joints")
        lines += [
            f"    {joint:15}{' + '.join(source['from']) or '-':40} {source['confidence']:4.0%}  {source['how']}"
            for joint, source in facts["joints"].items()
        ]
    lines += [f"  remark  {remark}" for remark in facts["remarks"]]
    return "\n".join(lines)
