"""Files: written whole or not at all, YAML of the package; and work on all cores."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import yaml

from motiongpt.errors import MotionGPTError

Job = TypeVar("Job")
Result = TypeVar("Result")


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` (same suffix) and rename it to ``path`` when the block succeeds.

    Missing parent folders are made. When the block fails the temporary file is removed and ``path`` is left as it was.

    Raises:
        MotionGPTError: the folder cannot be made or written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=path.suffix, dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise MotionGPTError(
            f"Cannot write {path}: {error.strerror or error}; choose a folder you may write to."
        ) from error
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes files private; give the result the permissions an ordinary new file would have.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise MotionGPTError(f"Cannot write {path}: {error.strerror or error}.") from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def read_yaml(package: str, *path: str) -> Any:
    """The content of a yaml file that comes with a package of this project."""
    # The loader in C is ten times as fast, but not every build of PyYAML has it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(resources.files(package).joinpath(*path).read_text(encoding="utf-8"), loader)


def run_all(function: Callable[[Job], Result], jobs: Sequence[Job], workers: int) -> Iterator[tuple[int, Result]]:
    """(number of the job, its result) of every job, as they are done; one worker works in this process.

    Raises:
        MotionGPTError: a worker process was ended from outside.
    """
    if workers == 1:
        for index, job in enumerate(jobs):
            yield index, function(job)
        return
    # Fresh processes: one forked off a process whose numerical libraries already run threads can wait for ever.
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, max(len(jobs), 1)), mp_context=fresh) as pool:
        waiting: dict[Future[Result], int] = {pool.submit(function, job): index for index, job in enumerate(jobs)}
        try:
            while waiting:
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    yield waiting.pop(future), future.result()
        except BrokenProcessPool as error:
            raise MotionGPTError(
                "A worker process was ended from outside, perhaps for lack of memory; run the same command again, with "
                "fewer workers, and it goes on where it stopped."
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)
