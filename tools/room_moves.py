"""Count how often one call of `generate` goes from one room of the package into another.

    python tools/room_moves.py

A room is a top-level folder or module of the package. The tracer follows calls and returns of Python functions; what
runs outside the package (torch, numpy) belongs to the room that called it. Fewer moves mean fewer jumps for a reader.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import motiongpt
from motiongpt import MotionGPT

PACKAGE = Path(motiongpt.__file__).parent
SENTENCES = {"one action": "a person walks forward", "two actions": "a man jumps twice, then sits down"}


def room_of(filename: str) -> str | None:
    """The room of a source file; None outside the package."""
    try:
        return Path(filename).relative_to(PACKAGE).parts[0].removesuffix(".py")
    except ValueError:
        return None


def moves_of(call: Callable[[], Any]) -> Counter[tuple[str, str]]:
    """How often a call goes from one room into another, by calling or by returning."""
    rooms: dict[str, str | None] = {}
    moves: Counter[tuple[str, str]] = Counter()
    stack: list[str] = []

    def trace(frame: FrameType, event: str, _: Any) -> None:
        if event not in ("call", "return"):
            return
        filename = frame.f_code.co_filename
        if filename not in rooms:
            rooms[filename] = room_of(filename)
        room = rooms[filename]
        if room is None:
            return
        if event == "call":
            if stack and stack[-1] != room:
                moves[stack[-1], room] += 1
            stack.append(room)
        elif stack:
            left = stack.pop()
            if stack and stack[-1] != left:
                moves[left, stack[-1]] += 1

    sys.setprofile(trace)
    try:
        call()
    finally:
        sys.setprofile(None)
    return moves


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0, help="random seed")
    seed = parser.parse_args().seed
    model = MotionGPT.from_pretrained()
    for name, sentence in SENTENCES.items():
        # Another sentence first: lazy imports and tables are not part of a call, facts about its sentence are.
        model.generate("someone waves, then turns left", seed=seed)
        moves = moves_of(lambda sentence=sentence: model.generate(sentence, seed=seed))  # type: ignore[misc]
        print(f"{name}: {sum(moves.values())} moves ({sentence!r}, seed {seed})")
        for (left, entered), count in moves.most_common(12):
            print(f"  {left} -> {entered}: {count}")


if __name__ == "__main__":
    main()
