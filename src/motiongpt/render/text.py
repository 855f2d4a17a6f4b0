"""Words on pictures: wrapped captions and small labels as masks that any colour can be laid through."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

INK = np.array([0.16, 0.18, 0.22])
FAINT = np.array([0.45, 0.48, 0.53])
# The font that comes with Pillow covers Latin script; for others, the first of these that is installed is used.
_WIDE_FONTS = ("NotoSansCJK-Regular.ttc", "Arial Unicode.ttf", "msyh.ttc", "DejaVuSans.ttf")


def text_mask(text: str, size: int, width: int, lines: int = 3, align: str = "center") -> np.ndarray:
    """Coverage (h, w) uint8 of a text wrapped to ``width`` pixels, at most ``lines`` lines, an ellipsis when cut.

    Any string is drawn; characters the font lacks show as boxes.
    """
    text = " ".join(_printable(text).split())
    font = _font(size, text.isascii() or max(text) < "\u0250")
    wrapped = _wrap(text, font, width, lines)
    box = ImageDraw.Draw(Image.new("L", (1, 1))).multiline_textbbox((0, 0), wrapped, font=font, align=align)
    left, top, right, bottom = int(np.floor(box[0])), int(np.floor(box[1])), int(np.ceil(box[2])), int(np.ceil(box[3]))
    mask = Image.new("L", (max(right - left, 1), max(bottom - top, 1)))
    ImageDraw.Draw(mask).multiline_text((-left, -top), wrapped, font=font, fill=255, align=align)
    return np.asarray(mask)


def _printable(text: str) -> str:
    """Lone surrogates and control characters, which fonts cannot take, become blanks."""
    return "".join(c if c.isprintable() else " " for c in text.encode("utf-8", "replace").decode())


@lru_cache(maxsize=32)
def _font(size: int, latin: bool) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    if not latin:
        for name in _WIDE_FONTS:
            try:
                return ImageFont.truetype(name, size)
            except OSError:
                continue
    return ImageFont.load_default(size)


def _wrap(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int, lines: int) -> str:
    # No font packs 400 characters a line into a caption; measuring more would cost time for nothing.
    text = text[: 400 * lines]
    result: list[str] = []
    line = ""
    for word in text.split():
        for piece in _pieces(word, font, width):
            joined = f"{line} {piece}".strip()
            if line and font.getlength(joined) > width:
                result.append(line)
                line = piece
            else:
                line = joined
    result.append(line)
    if len(result) > lines:
        last = result[lines - 1]
        while last and font.getlength(last + "…") > width:
            last = last[:-1]
        result = [*result[: lines - 1], last.rstrip() + "…"]
    return "\n".join(result)


def _pieces(word: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> list[str]:
    """A word that alone is wider than a line (or a script without blanks) in pieces that fit."""
    if font.getlength(word) <= width:
        return [word]
    pieces = [""]
    for character in word:
        if pieces[-1] and font.getlength(pieces[-1] + character) > width:
            pieces.append("")
        pieces[-1] += character
    return pieces
