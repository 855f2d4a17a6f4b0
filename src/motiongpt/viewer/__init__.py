"""Motions in a browser: what the player is fed with, and pages of one file that work offline."""

from motiongpt.viewer.clips import body_data, clip_data
from motiongpt.viewer.page import ASSETS, render_page, save_page
from motiongpt.viewer.server import PageServer

__all__ = ["ASSETS", "PageServer", "body_data", "clip_data", "render_page", "save_page"]
