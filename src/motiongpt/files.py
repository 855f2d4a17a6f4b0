"""Atomic files, the YAML files of the package, and a pool of worker processes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from motiongpt.errors import MotionGPTError

Job = TypeVar("Job")
Result = TypeVar("Result")


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` (same suffix) and rename it to ``path`` when the block succeeds.

    Missing parent folders are created. When the block fails, the temporary file is removed and ``path`` is unchanged.

    Raises:
        MotionGPTError: the folder cannot be created or written.
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
        # mkstemp creates private files; give the result the permissions of an ordinary new file.
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
    """Parse a YAML file that ships inside ``package`` of this project."""
    # Imported here, as in run_all: most commands need neither YAML nor worker processes.
    import yaml

    # The loader in C is ten times as fast, but not every build of PyYAML has it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(resources.files(package).joinpath(*path).read_text(encoding="utf-8"), loader)


def run_all(function: Callable[[Job], Result], jobs: Sequence[Job], workers: int) -> Iterator[tuple[int, Result]]:
    """Run ``function`` on all jobs and yield (index of the job, its result) as each finishes.

    Args:
        workers: number of processes; one runs the jobs in this process.

    Raises:
        MotionGPTError: a worker process was killed.
    """
    if workers == 1:
        for index, job in enumerate(jobs):
            yield index, function(job)
        return
    import multiprocessing
    from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
    from concurrent.futures.process import BrokenProcessPool

    # Spawn, because a process forked while numerical libraries run threads can deadlock.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, max(len(jobs), 1)), mp_context=spawn) as pool:
        pending: dict[Future[Result], int] = {pool.submit(function, job): index for index, job in enumerate(jobs)}
        try:
            while pending:
                done, _ = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    yield pending.pop(future), future.result()
        except BrokenProcessPool as error:
            raise MotionGPTError(
                "A worker process was killed, perhaps because memory ran out; re-run the same command with fewer "
                "--workers to resume."
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)
