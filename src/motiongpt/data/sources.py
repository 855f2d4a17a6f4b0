"""Finding recordings on disk, as users download or keep them, by descriptions of how collections are laid out."""

from __future__ import annotations

import hashlib
import re
import shutil
import tarfile
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from motiongpt.data.recordings import Dropped, Recording, add_rows, without_variant
from motiongpt.data.tables import is_table, parts, read_rows
from motiongpt.errors import MotionGPTError
from motiongpt.files import read_yaml
from motiongpt.formats import READERS


@dataclass(frozen=True)
class Source:
    """How a collection of motion files is laid out: a row of ``sources.yaml``, or a YAML file of your own.

    Templates hold groups of the pattern in braces.

    Attributes:
        name: prefix of its clips; phrase lists name it.
        title, expected: what it holds and an example, for messages; ``{readers}`` stands for the readable suffixes.
        licence: terms of its recordings.
        files: pattern of a whole file name, or path below the folder, in any case.
        id: template of the id of a recording; several formats of one id are the same recording. "" makes ids of the
            paths, and then words and skeleton are not used.
        skeleton: template of the name of the .asf, which may be in any subfolder; "" leaves it to the reader.
        prefer: suffixes, the best first, where a recording is there in several formats.
        words: template of the description.
        fps: frame rates by patterns of file names, the first that fits; tables come first. Without one, that of the
            file, or of the group ``fps`` in its name.
        options: of the reader, for all files: unit, up, joint_map.
        tables: pattern of tables in the folder, see motiongpt.data.tables.
        labels: descriptions, and names without one, are captions as they are.
        names: file names are captions where there are no others; so are .txt files beside them.
        cut, lead_in, doubtful_fps: see Recording.
    """

    name: str
    title: str = "motion files"
    expected: str = "files such as walk.bvh; readable are {readers}"
    licence: str = ""
    files: str = ".*"
    id: str = ""
    skeleton: str = ""
    prefer: Sequence[str] = ()
    words: str = ""
    fps: Mapping[str, float] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    tables: str = ""
    labels: bool = False
    names: bool = False
    cut: bool = False
    lead_in: bool = False
    doubtful_fps: bool = False


@cache
def sources() -> dict[str, Source]:
    """The packaged descriptions by name."""
    return {name: Source(name, **values) for name, values in read_yaml("motiongpt.data", "sources.yaml").items()}


def read_source(name: str | Path) -> Source:
    """A packaged description by its name, or that of a YAML file.

    Raises:
        MotionGPTError: there is no such description, or the file has an unknown key or a value of another kind.
    """
    if str(name) in sources():
        return sources()[str(name)]
    try:
        values = yaml.safe_load(Path(name).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise MotionGPTError(
            f"{name} is no source: give one of {', '.join(sources())}, or a YAML file that describes one "
            f"({getattr(error, 'strerror', None) or error})."
        ) from error
    known = {one.name: type(getattr(sources()["own"], one.name)) for one in fields(Source)}
    kinds = {name: {tuple: list}.get(kind, kind) for name, kind in known.items()}
    if not isinstance(values, dict) or not re.fullmatch(r"[a-z]\w*", str(values.get("name", ""))):
        raise MotionGPTError(f"{name} is not the description of a source: it needs a name of lower-case letters.")
    for key, value in values.items():
        if key not in kinds:
            raise MotionGPTError(f"{name} has the unknown key {key!r}; known are {', '.join(kinds)}.")
        if not isinstance(value, kinds[key]):
            raise MotionGPTError(f"{name}: {key} must be a {kinds[key].__name__}, not {value!r}.")
    try:
        for pattern in (values.get("files", ""), *values.get("fps", {})):
            re.compile(pattern)
    except re.error as error:
        raise MotionGPTError(f"{name}: {error.pattern!r} is not a regular expression: {error}.") from error
    return Source(**values)


def find(
    source: Source, folder: str | Path, out: Path, *, tables: Sequence[Path] = (), taken: Collection[str] = ()
) -> tuple[list[Recording], list[Dropped]]:
    """The recordings of a source below ``folder``; and what its tables or files promise but is not there.

    Archives ``*.tar*`` in a folder without motion files are unpacked into ``<out>/.cache``.

    Args:
        source: how they are laid out.
        folder: with motion files in any subfolders.
        out: the data set to build; if it is below ``folder``, its own files are no recordings.
        tables: tables of this source; by default those that it names.
        taken: ids that recordings of another folder of the source have.

    Raises:
        MotionGPTError: the folder is missing or holds no such files, or a table is broken.
    """
    folder = Path(folder)
    files = _files(folder, out)
    motions = {file: path for file, path in files.items() if path.suffix.lower() in READERS}
    if not tables and source.tables:
        tables = sorted(folder.glob(source.tables))
    if source.id:
        recordings, dropped = _described(source, motions, files, folder)
    else:
        recordings, dropped = _undescribed(source, motions, taken), []
    if not recordings and not dropped:
        expected = source.expected.replace("{readers}", ", ".join(READERS))
        raise MotionGPTError(f"{folder} holds no {source.title}: expected {expected}.")
    rows = [row for table in tables for row in read_rows(table)]
    recordings, missing = add_rows(recordings, rows)
    return recordings, dropped + missing


def _described(
    source: Source, motions: Mapping[str, Path], files: Mapping[str, Path], folder: Path
) -> tuple[list[Recording], list[Dropped]]:
    """Recordings by the pattern of their file names."""
    recordings, dropped = [], []
    skeletons = {path.name.lower(): path for path in files.values() if path.suffix.lower() == ".asf"}
    rank = {suffix: number for number, suffix in enumerate(source.prefer)}
    for file, path in motions.items():
        match = _match(source.files, path)
        if match is None:
            continue
        groups = {name: value or "" for name, value in match.groupdict().items()}
        name = source.id.format(**groups)
        options = dict(source.options)
        rates = (fps for pattern, fps in source.fps.items() if _match(pattern, path))
        if fps := next(rates, groups.get("fps")):
            options["fps"] = float(fps)
        if source.skeleton and path.suffix.lower() == ".amc":
            skeleton = source.skeleton.format(**groups)
            if skeleton.lower() not in skeletons:
                dropped.append(Dropped(name, f"{path} has no skeleton file {skeleton} in {folder}"))
                continue
            options["skeleton"] = skeletons[skeleton.lower()]
        words = _spaced(source.words.format(**groups))
        recordings.append(_recording(source, name, file, path, options, words))
    recordings.sort(key=lambda one: (_natural(one.id), rank.get(one.path.suffix.lower().lstrip("."), len(rank))))
    return recordings, dropped


def _undescribed(source: Source, motions: Mapping[str, Path], taken: Collection[str]) -> list[Recording]:
    """A recording of every file. Copies, and files that differ in format or mirroring alone, share their capture."""
    recordings: list[Recording] = []
    captures: dict[tuple[str, ...], str] = {}
    names = set(taken)
    for file, path in sorted(motions.items(), key=lambda item: _natural(item[0])):
        if not (_match(source.files, path) or re.fullmatch(source.files, file, re.IGNORECASE)):
            continue
        word = name = _word(file.removesuffix(path.suffix))
        number = 1
        while name in names:
            number += 1
            name = f"{word}_{number}"
        names.add(name)
        captures.setdefault(_base(file), f"{source.name} {name}")
        recordings.append(_recording(source, name, file, path, dict(source.options), ""))
    shared = {recording.path: captures[_base(recording.file)] for recording in recordings}
    for path, original in _copies(list(shared)).items():
        if (own := shared[path]) != shared[original]:
            shared = {one: shared[original] if capture == own else capture for one, capture in shared.items()}
    return [replace(recording, capture=shared[recording.path]) for recording in recordings]


def _base(file: str) -> tuple[str, ...]:
    """What the paths of a recording in other formats, and of its mirror image, have in common."""
    path = parts(file, READERS)
    return (*path[:-1], without_variant(path[-1]))


def _match(pattern: str, path: Path) -> re.Match[str] | None:
    """Match of a pattern with the whole name of a file, in any case."""
    return re.fullmatch(pattern, path.name, re.IGNORECASE)


def _copies(paths: Sequence[Path]) -> dict[Path, Path]:
    """Files that are equal to an earlier one."""
    sizes: dict[int, list[Path]] = defaultdict(list)
    for path in paths:
        sizes[path.stat().st_size].append(path)
    copies: dict[Path, Path] = {}
    for same in sizes.values():
        seen: dict[bytes, Path] = {}
        for path in same if len(same) > 1 else ():
            copies[path] = seen.setdefault(hashlib.blake2b(path.read_bytes()).digest(), path)
    return copies


def _recording(source: Source, name: str, file: str, path: Path, options: dict[str, Any], words: str) -> Recording:
    return Recording(
        name,
        source.name,
        path,
        file,
        options,
        capture=f"{source.name} {name}",
        description=words,
        licence=source.licence,
        cut=source.cut,
        lead_in=source.lead_in,
        doubtful_fps=source.doubtful_fps,
        named=source.names,
        labelled=source.labels,
    )


def _word(file: str) -> str:
    """A path as a word for ids: letters, digits and underscores."""
    return re.sub(r"\W+", "_", file).strip("_")[-80:] or "file"


def _spaced(kind: str) -> str:
    """``kickLFront1Reps`` -> ``kick lfront 1 reps``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[0-9])(?=[A-Za-z])", " ", kind).lower()


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort key in natural order: 9_2 before 9_10 before 10_1."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.findall(r"\d+|\D+", name)]


def _files(folder: Path, out: Path) -> dict[str, Path]:
    """Motion and skeleton files by their paths below ``folder``, else those of its archives."""
    if not folder.is_dir():
        raise MotionGPTError(f"There is no folder {folder} with motion capture.")
    root = folder.resolve()
    found = {file: path for file, path in _below(folder).items() if out.resolve() not in (root / file).parents}
    if found:
        return found
    cache = out / ".cache" / hashlib.blake2b(str(root).encode(), digest_size=8).hexdigest()
    for archive in sorted(path for path in folder.iterdir() if ".tar" in path.suffixes):
        _unpack(archive, cache / archive.name)
        found |= _below(cache / archive.name)
    return found


def _below(folder: Path) -> dict[str, Path]:
    found = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*"))}
    return {
        file: path
        for file, path in found.items()
        if path.suffix.lower() in (*READERS, ".asf")
        # Tables may stand beside the recordings. Names with a dot in front are those of the system.
        and (path.suffix.lower() != ".csv" or not is_table(path))
        and not any(part.startswith((".", "__MACOSX")) for part in file.split("/"))
        and path.is_file()
    }


def _unpack(archive: Path, cache: Path) -> None:
    """Unpack the plain files of an archive once; a marker shows that it was unpacked completely."""
    state = archive.stat()
    marker = cache / f"{archive.name}.unpacked"
    stamp = f"{state.st_size} {state.st_mtime_ns}"
    if marker.is_file() and marker.read_text() == stamp:
        return
    if cache.exists():
        shutil.rmtree(cache)
    cache.mkdir(parents=True)
    root = cache.resolve()
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                target = (root / member.name).resolve()
                # Archives come from the network: only plain files, only inside the cache.
                if not member.isfile() or root not in target.parents:
                    continue
                content = tar.extractfile(member)
                if content is not None:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with content, target.open("wb") as out:
                        shutil.copyfileobj(content, out)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise MotionGPTError(f"Cannot unpack {archive}: {error}; download it again.") from error
    marker.write_text(stamp)
