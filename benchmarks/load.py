"""A server under load: many clients at once against one at a time, on the same server in the same run.

    python benchmarks/load.py [--clients 16] [--seconds 60] [--model FOLDER] [--rerank N] [--seed 0]

Prints a Markdown table: answers a second, latencies, answers by status, candidates, memory of the server process.
Some rows have a bound; exits with 1 when one is not kept.
"""

from __future__ import annotations

import argparse
import os
import platform
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from motiongpt import MotionGPTError
from motiongpt.web.client import Client, ServerError

SENTENCES = (
    "a person walks forward and turns left",
    "someone jumps up with both legs",
    "a man walks in a circle",
    "a person raises both arms",
    "somebody runs forward and stops",
    "a woman squats down and stands up again",
    "a person steps to the side",
    "a person lies down",
)
LENGTH = 4.0
# What a server may answer when it has too much to do.
BUSY = ("429 with Retry-After", "503 with Retry-After")


@dataclass
class Run:
    """What came of some clients that asked one thing after the other for some time.

    Attributes:
        statuses: of all answers.
        times: seconds of each motion.
        candidates: that each motion was chosen among.
        memory: MiB of the server, twice a second.
        seconds: from the first request to the last answer.
    """

    statuses: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    candidates: list[int] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.times) / self.seconds


@dataclass(frozen=True)
class Load:
    """Clients of one server.

    Attributes:
        client: asks.
        process: id of the server's process.
        seed: of the first request; each has the next one.
        options: of all requests.
    """

    client: Client
    process: int
    seed: int
    options: dict[str, float]

    def ask(self, number: int, run: Run) -> None:
        """One request."""
        start = time.perf_counter()
        try:
            sentence = SENTENCES[number % len(SENTENCES)]
            (made,) = self.client.generate(sentence, seed=self.seed + number, **self.options)
            run.times.append(time.perf_counter() - start)
            run.candidates.append(made.rerank or 1)
            run.statuses.append("200")
        except ServerError as error:
            run.statuses.append(f"{error.status} {'without' if error.retry_after is None else 'with'} Retry-After")
            time.sleep(min(error.retry_after or 0.0, 2.0))
        except MotionGPTError as error:
            run.statuses.append(str(error))

    def memory(self) -> float:
        pages = int(Path(f"/proc/{self.process}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def run(self, clients: int, seconds: float) -> Run:
        """So many clients for so long; what has been asked by then is waited for."""
        run = Run()
        start = time.perf_counter()
        done = threading.Event()

        def work(place: int) -> None:
            number = place
            while time.perf_counter() < start + seconds:
                self.ask(number, run)
                number += clients

        def watch() -> None:
            while not done.wait(0.5):
                run.memory.append(self.memory())

        watcher = threading.Thread(target=watch)
        watcher.start()
        with ThreadPoolExecutor(clients) as pool:
            list(pool.map(work, range(clients)))
        run.seconds = time.perf_counter() - start
        done.set()
        watcher.join()
        return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="of the clients at once; a third of it alone before"
    )
    parser.add_argument("--model", help="model folder; the embedded model when not given")
    parser.add_argument(
        "--rerank", type=int, help="candidates every request asks for; as the server likes when not given"
    )
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "motiongpt", "serve", "--port", str(port)]
    start = time.perf_counter()
    process = subprocess.Popen(command + (["--model", arguments.model] if arguments.model else []))
    try:
        client = Client(f"http://127.0.0.1:{port}")
        client.wait(180)
        ready = time.perf_counter() - start
        options = {"seconds": LENGTH} | ({} if arguments.rerank is None else {"rerank": arguments.rerank})
        load = Load(client, process.pid, arguments.seed, options)
        first = Run()
        load.ask(0, first)
        start_memory = load.memory()
        alone = load.run(1, arguments.seconds / 3)
        together = load.run(arguments.clients, arguments.seconds)
        end_memory = load.memory()
    finally:
        process.terminate()
        process.wait(60)
    if not (first.times and alone.times and together.times):
        sys.exit(f"Not one motion was made: {Counter(first.statuses + alone.statuses + together.statuses)}")
    report(arguments, ready, first, alone, together, (start_memory, end_memory))


def report(
    arguments: argparse.Namespace, ready: float, first: Run, alone: Run, together: Run, memory: tuple[float, float]
) -> None:
    """Print the table; exit with 1 when a bound is not kept."""
    print(
        f"{processor()}, {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}; motions of {LENGTH:g} s, "
        f"seeds from {arguments.seed}\n"
    )
    rows: list[tuple[str, str, str, bool]] = [
        ("server ready, model loaded", f"{ready:.1f} s", "", True),
        ("first answer", f"{first.times[0]:.2f} s", "under 4 s", first.times[0] < 4),
    ]
    for name, run in (("one at a time", alone), (f"{arguments.clients} at once", together)):
        median, most = np.percentile(run.times, (50, 95))
        statuses = Counter(run.statuses)
        known = set(statuses) <= {"200", *BUSY}
        fewest, usual = min(run.candidates), int(np.median(run.candidates))
        rows += [
            (f"{name}: answers by status", ", ".join(f"{n} x {s}" for s, n in sorted(statuses.items())),
             "200; 429 and 503 with Retry-After", known),
            (f"{name}: motions per second", f"{run.rate:.2f} ({len(run.times)} in {run.seconds:.0f} s)", "", True),
            (f"{name}: median, 95 %", f"{median:.2f} s, {most:.2f} s", "", True),
            (f"{name}: candidates, minimum and median", f"{fewest}, {usual}", "", True),
        ]  # fmt: skip
    gain = together.rate / alone.rate
    rows.append(("at once against one at a time", f"{gain:.2f}x", "at least 2x", gain >= 2))
    third = len(together.memory) // 3
    early, late = max(together.memory[: third + 1]), max(together.memory[-third - 1 :])
    start, end = memory
    rows += [
        ("memory at start, at end, peak", f"{start:.0f}, {end:.0f}, {max(together.memory):.0f} MiB", "", True),
        ("memory, peak in the first and last third", f"{early:.0f}, {late:.0f} MiB", "last under 1.05 x first",
         late < 1.05 * early),
    ]  # fmt: skip
    print("| what | measured | bound | kept |\n| --- | --- | --- | --- |")
    for what, measured, bound, kept in rows:
        print(f"| {what} | {measured} | {bound} | {('yes' if kept else 'NO') if bound else ''} |")
    if not all(kept for *_, kept in rows):
        sys.exit(1)


def processor() -> str:
    """The machine's processor, as it calls itself."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    main()
