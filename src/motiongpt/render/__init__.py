"""Fast pictures and videos of motions, without a display or a graphics card."""

from motiongpt.render.sheets import render_sheet, render_usage
from motiongpt.render.stills import render_frame, render_onion, render_sequence, render_strip, save_image
from motiongpt.render.video import render_video

__all__ = [
    "render_frame",
    "render_onion",
    "render_sequence",
    "render_sheet",
    "render_strip",
    "render_usage",
    "render_video",
    "save_image",
]
