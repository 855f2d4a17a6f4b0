"""How things look: light on a surface and the checker of the floor, as formulas of float32.

Each formula works on numpy arrays (:mod:`motiongpt.render.arrays`) and, compiled, on single numbers
(:mod:`motiongpt.render.loops`). Both do the same operations in the same order, so their pictures are equal.
"""

from __future__ import annotations

from typing import Any

import numpy as np

# Where a pixel is sampled: a rotated grid, so that nearly level and nearly upright edges get four steps.
SAMPLES = np.array([[-0.125, -0.375], [0.375, -0.125], [-0.375, 0.125], [0.125, 0.375]], dtype=np.float32)
# How far from the centre of a pixel its samples are, along either axis.
REACH = np.float32(0.375)
# Samples on an edge belong to both neighbours: this much of a corner's weight more leaves no cracks.
SLACK = np.float32(1e-4)
# The smallest triangle that is drawn, in twice its area in pixels.
MIN_AREA = np.float32(1e-6)
# A corner's weight that changes less than this from pixel to pixel does not bound a row.
FLAT = np.float32(1e-9)

ZERO, ONE, FOUR, HALF, QUARTER = (np.float32(value) for value in (0, 1, 4, 0.5, 0.25))
# 255 / 4: a colour 0..1, summed over four samples, to 0..255.
TO_BYTE = np.float32(63.75)
_TINY = np.float32(1e-20)  # keeps the length of a normal from 0
_SKY, _SKY_FROM_ABOVE, _KEY = np.float32(0.56), np.float32(0.14), np.float32(0.52)
_WRAP, _WRAPPED = np.float32(0.62), np.float32(0.38)
_HIGHLIGHT, _RIM = np.float32(0.13), np.float32(0.38)


def lit(x: Any, y: Any, z: Any, lights: np.ndarray) -> tuple[Any, Any]:
    """By how much the light scales the colour of a surface, and what its highlight adds to it.

    Sky, soft key light, highlight, dark rims.

    Args:
        x, y, z: normal in world coordinates, of any length.
        lights: (3, 3) directions to the key light, to the highlight (between light and lens) and to the lens.
    """
    length = ONE / np.sqrt(x * x + y * y + z * z + _TINY)
    x, y, z = x * length, y * length, z * length
    # Light wraps around the body: no black side.
    key = np.maximum(_WRAP * (x * lights[0, 0] + y * lights[0, 1] + z * lights[0, 2]) + _WRAPPED, ZERO)
    shine = np.maximum(x * lights[1, 0] + y * lights[1, 1] + z * lights[1, 2], ZERO)
    shine = shine * shine
    shine = shine * shine
    shine = shine * shine
    shine = shine * shine * shine
    facing = np.maximum(x * lights[2, 0] + y * lights[2, 1] + z * lights[2, 2], ZERO)
    rim = ONE - np.minimum(facing, ONE)
    rim = rim * rim
    light = (_SKY + _SKY_FROM_ABOVE * y + _KEY * key) * (ONE - _RIM * (rim * rim))
    return light, _HIGHLIGHT * shine


def tile_wave(place: Any, sharpness: Any) -> Any:
    """Which of two tiles covers a place along one axis of the floor: -1 or 1, smooth where they meet.

    Args:
        place: in pairs of tiles.
        sharpness: by how much a triangle wave of height 1 is multiplied before it is cut to -1..1.
    """
    wave = (FOUR * np.abs(place - np.floor(place) - HALF) - ONE) * sharpness
    return np.minimum(np.maximum(wave, -ONE), ONE)
