"""A server under load: many clients at once against one at a time, on the same server in the same run.

    python benchmarks/load.py [--clients 16] [--seconds 60] [--model FOLDER]

Prints a Markdown table: answers a second, latencies, other statuses, memory. Memory is that of the server process,
after a tenth of the time and at the end; the motions that it keeps for links are part of it, and their size is told.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--model", help="model folder; the embedded model when not given")
    parser.add_argument("--rerank", type=int, help="candidates for each motion; the model's default when not given")
    arguments = parser.parse_args()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "motiongpt", "serve", "--port", str(port)]
    start = time.perf_counter()
    process = subprocess.Popen(command + (["--model", arguments.model] if arguments.model else []))
    try:
        client = Client(f"http://127.0.0.1:{port}")
        client.wait()
        ready = time.perf_counter() - start
        options = {"seconds": LENGTH} | ({} if arguments.rerank is None else {"rerank": arguments.rerank})
        first = _timed(client, 0, options)[1]
        alone, _ = _run(client, 1, arguments.seconds / 3, options, process.pid)
        together, memory = _run(client, arguments.clients, arguments.seconds, options, process.pid)
    finally:
        process.terminate()
        process.wait(60)
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}, motions of {LENGTH:g} s\n")
    rows = [("server ready, model loaded", f"{ready:.1f} s"), ("first answer", f"{first:.2f} s")]
    rates = []
    for name, answers, seconds in (
        ("one at a time", alone, arguments.seconds / 3),
        (f"{arguments.clients} at once", together, arguments.seconds),
    ):
        times = np.array([taken for status, taken in answers if status == "200"])
        others = Counter(status for status, _ in answers if status != "200")
        rates.append(len(times) / seconds)
        rows.append((f"{name}: answers a second", f"{rates[-1]:.2f}"))
        rows.append((f"{name}: median, 95 %", f"{np.median(times):.2f} s, {np.percentile(times, 95):.2f} s"))
        rows.append((f"{name}: other statuses", ", ".join(f"{n} x {s}" for s, n in others.items()) or "none"))
    rows.append(("at once against one at a time", f"{rates[1] / rates[0]:.2f}x"))
    kept = sum(status == "200" for status, _ in together) * LENGTH * 20 * 22 * 3 * 4 / 2**20
    early, late = memory[len(memory) // 10], memory[-1]
    rows.append(("memory early, at the end", f"{early:.0f} MiB, {late:.0f} MiB (motions kept: {kept:.0f} MiB)"))
    print("| what | measured |\n| --- | --- |")
    for row in rows:
        print(f"| {row[0]} | {row[1]} |")


def _timed(client: Client, number: int, options: dict[str, float]) -> tuple[str, float]:
    """Status and seconds of one request."""
    start = time.perf_counter()
    try:
        client.generate(SENTENCES[number % len(SENTENCES)], seed=number, **options)
        status = "200"
    except ServerError as error:
        status = f"{error.status}{'' if error.retry_after else ' without Retry-After'}"
        time.sleep(min(error.retry_after or 0.0, 2.0))
    except MotionGPTError as error:
        status = str(error)
    return status, time.perf_counter() - start


def _run(
    client: Client, clients: int, seconds: float, options: dict[str, float], process: int
) -> tuple[list[tuple[str, float]], list[float]]:
    """Answers within the time, and the server's memory in MiB twice a second."""
    answers: list[tuple[str, float]] = []
    end = time.perf_counter() + seconds
    memory: list[float] = []

    def work(place: int) -> None:
        number = place
        while time.perf_counter() < end:
            answer = _timed(client, number, options)
            if time.perf_counter() < end:
                answers.append(answer)
            number += clients

    def watch() -> None:
        while time.perf_counter() < end:
            pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
            memory.append(pages * os.sysconf("SC_PAGE_SIZE") / 2**20)
            time.sleep(0.5)

    watcher = threading.Thread(target=watch)
    watcher.start()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(work, range(clients)))
    watcher.join()
    return answers, memory


if __name__ == "__main__":
    main()
