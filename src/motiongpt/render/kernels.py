"""The work on pixels, done by numpy for a few pictures and by compiled loops for many.

Compiling takes seconds once, numpy a tenth of a second each time: the first picture should not wait, and a film should
not crawl. Pictures are equal either way.

Pictures are (H, W, 3), or (H, W, 4) with colours multiplied by their opacity: then the fourth channel is blended like
the others. Pixel centres have whole coordinates, x to the right and y down.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from motiongpt.render import arrays

# Figures a process draws with numpy before it compiles: about as many as take numpy as long as numba's compilation.
_FEW = 32


class Kernels(Protocol):
    def add_normals(self, sums: np.ndarray, vertices: np.ndarray, faces: np.ndarray) -> None:
        """Add the normals of faces (F, 3), as long as their areas, to the sums (V, 3) float64 of their vertices."""

    def find_visible(self, points: np.ndarray, faces: np.ndarray, nearness: np.ndarray, nearest: np.ndarray) -> None:
        """Find the triangle that each sample of a picture shows.

        Args:
            points: (V, 3) pixel x and y, and 1 / depth; 0 for a vertex that is too close to the lens to be drawn.
            faces: (F, 3), counter-clockwise as seen from outside; those that look away are not drawn.
            nearness: (h, w, 4) 1 / depth of what each sample shows, changed in place; 0 for nothing.
            nearest: (h, w, 4) number of the triangle it belongs to, changed in place; -1 for nothing.
        """

    def shade(
        self,
        picture: np.ndarray,
        points: np.ndarray,
        faces: np.ndarray,
        surface: np.ndarray,
        lights: np.ndarray,
        nearest: np.ndarray,
    ) -> None:
        """Light the visible triangles and lay them over a picture in place.

        A triangle is lit once in a pixel, at the middle of its samples there.

        Args:
            picture: (h, w, 3 or 4) uint8.
            points, faces, nearest: as for :meth:`find_visible`.
            surface: (V, 6) normal in world coordinates and RGB in 0..1 of each vertex.
            lights: (3, 3) as for :func:`motiongpt.render.shading.lit`.
        """

    def checker(
        self,
        picture: np.ndarray,
        phases: np.ndarray,
        sharpness: np.ndarray,
        strength: np.ndarray,
        east: np.float32,
        north: np.float32,
    ) -> None:
        """Draw tiles on a floor without them, in place.

        Args:
            picture: (h, w, 3) uint8.
            phases: (2, h, w) where each pixel lies along either axis, in pairs of tiles.
            sharpness: (2, h, w) as for :func:`motiongpt.render.shading.tile_wave`.
            strength: (h, w) contrast of the tiles, in steps of the colours.
            east, north: place of the camera, in pairs of tiles.
        """

    def lay_over(self, picture: np.ndarray, mask: np.ndarray, ink: np.ndarray) -> None:
        """Lay a colour over a picture in place.

        Args:
            picture: (h, w, channels) uint8.
            mask: (h, w) uint8, how much of the colour covers the picture.
            ink: (at least channels,) uint8.
        """


_chosen: Kernels = arrays
_announced = 0


def announce(figures: int) -> None:
    """Say how many figures are about to be drawn; a process that draws many compiles the loops."""
    global _announced, _chosen
    _announced += figures
    if _announced > _FEW and _chosen is arrays:
        from motiongpt.render import loops

        _chosen = loops


def kernels() -> Kernels:
    """The kernels this process draws with at present."""
    return _chosen
