"""Checks that a file is what its name says, for the usual accidents of downloading and renaming."""

from __future__ import annotations

from pathlib import Path

from motiongpt.errors import MotionGPTError

_PICKLE = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_ARCHIVES = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"7z\xbc\xaf": "7z", b"Rar!": "rar"}


def looks_like(head: bytes) -> str:
    """The kind of a file by its first bytes, in words; "" for text and anything unknown."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not head:
        return "empty"
    if start.startswith((b"<!doctype html", b"<html", b"<?xml", b"<head")):
        return "a web page"
    if start.startswith(b"version https://git-lfs"):
        return "a git-lfs pointer"
    if head.startswith(b"\x93NUMPY"):
        return "a NumPy array (.npy)"
    if head.startswith(b"PK"):
        return "a zip archive (.zip or .npz)"
    if head.startswith(_PICKLE):
        return "a Python pickle"
    for magic, name in _ARCHIVES.items():
        if head.startswith(magic):
            return f"a {name} archive"
    return "binary data" if b"\x00" in head[:512] else ""


def check_file(path: Path) -> bytes:
    """The first bytes of a file, which must be readable and not empty.

    Raises:
        MotionGPTError: missing, a folder, unreadable, empty, a web page or a git-lfs pointer.
    """
    try:
        with path.open("rb") as file:
            head = file.read(2048)
    except FileNotFoundError:
        raise MotionGPTError(f"{path}: no such file.") from None
    except IsADirectoryError:
        raise MotionGPTError(f"{path}: is a folder; give a file.") from None
    except OSError as error:
        raise MotionGPTError(f"{path}: cannot be read ({error.strerror or error}).") from error
    kind = looks_like(head)
    if kind == "empty":
        raise MotionGPTError(f"{path}: the file is empty; copy or download it again.")
    if kind == "a web page":
        raise MotionGPTError(f"{path}: holds a web page, not a motion; download the file itself.")
    if kind == "a git-lfs pointer":
        raise MotionGPTError(f"{path}: holds only a git-lfs pointer, not the data; run git lfs pull.")
    return head


def read_text(path: Path) -> str:
    """The text of a file, decoded as UTF-8, or else as Latin-1.

    Raises:
        MotionGPTError: as :func:`check_file`, or the file is binary.
    """
    kind = looks_like(check_file(path))
    if kind:
        raise MotionGPTError(f"{path}: holds {kind}, not the text of a {path.suffix} file; check the name of the file.")
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")
