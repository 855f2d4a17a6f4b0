"""How fast and how big, as Markdown tables.

    python benchmarks/speed.py [--model DIR] [--threads 2] [--against OTHER_CHECKOUT]

One sample of each of 40 sentences, evenly over the probes, on a quiet machine and beside a competing process that the
benchmark starts itself. With --against, a second checkout answers the same sentences in turn. The load average at the
start is printed: on a machine with other work, "quiet" is not quiet. Rendering has a benchmark of its own, render.py.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from motiongpt.evaluation.probes.run import PROBES
from motiongpt.generation.motiongpt import MotionGPT
from motiongpt.lm.decoding import generate
from motiongpt.lm.grammars import MotionGrammar
from motiongpt.motion import features_to_joints, joints_to_features
from render import made_up_walk

ROOT = Path(__file__).resolve().parents[1]
# The original's number on two CPU cores.
PUBLISHED_FEATURES_MS = 41.0
FEATURE_FRAMES = 170
TOKENS = 50

# One process holds one model: it says how long loading took, then times one sentence a line.
_WORKER = """
import json, resource, sys, time
start = time.perf_counter()
from motiongpt import MotionGPT
model = MotionGPT.from_pretrained({model!r})
print(time.perf_counter() - start, flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    model.generate(json.loads(line), seed=0)
    scale = 2**20 if sys.platform == "darwin" else 2**10
    print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale, flush=True)
"""
# What else a machine may be doing: matrix products on as many threads as there are cores.
_LOAD = """
import torch
torch.set_num_threads({threads})
a = torch.randn(700, 700)
while True:
    a = torch.nn.functional.normalize(a @ a)
"""


class Worker:
    """A process with a model of one checkout.

    Attributes:
        load: seconds to load, imports included.
        peak: memory so far, MiB.
    """

    def __init__(self, checkout: Path, model: str | None) -> None:
        environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _WORKER.format(model=model)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout
        self.load, self.peak = float(self._out.readline()), 0.0

    def seconds(self, sentence: str) -> float:
        """Wall time of one sample of a sentence."""
        self._in.write(json.dumps(sentence) + "\n")
        self._in.flush()
        seconds, self.peak = map(float, self._out.readline().split())
        return seconds

    def close(self) -> None:
        self._in.close()
        self._process.wait()


@contextmanager
def competing_load(threads: int) -> Iterator[None]:
    """Another process that computes all the time."""
    process = subprocess.Popen([sys.executable, "-c", _LOAD.format(threads=threads)])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def distribution(workers: Sequence[Worker], sentences: Sequence[str]) -> np.ndarray:
    """(workers, sentences) seconds; the workers take turns at every sentence, so that a drifting machine is fair."""
    return np.array([[worker.seconds(sentence) for worker in workers] for sentence in sentences]).T


def everyday_sentences(count: int) -> list[str]:
    """So many sentences, evenly over those of the probes: one and two actions, ordinary and unusual words."""
    return [PROBES[int(place)].sentence for place in np.linspace(0, len(PROBES) - 1, count)]


def sentence_rows(options: argparse.Namespace) -> list[tuple[str, ...]]:
    """Loading, the first sentence, and the distribution over all sentences, quiet and busy."""
    checkouts = [ROOT] + ([options.against] if options.against else [])
    workers = [Worker(checkout, options.model) for checkout in checkouts]
    sentences = everyday_sentences(options.sentences)
    first = distribution(workers, ["a person walks forward and waves"])[:, 0]
    quiet = distribution(workers, sentences)
    with competing_load(options.threads):
        # A machine that is busy takes its time: every fourth sentence shows it.
        busy = distribution(workers, sentences[::4])
    for worker in workers:
        worker.close()
    rows = [
        ("load the model in a fresh process", *(f"{worker.load:.2f} s" for worker in workers)),
        ("the first motion after loading", *(f"{value:.2f} s" for value in first)),
    ]
    for name, seconds in (("quiet", quiet), ("a competing process", busy)):
        for statistic, percentile in (("median", 50), ("95th percentile", 95)):
            values = np.percentile(seconds, percentile, axis=1)
            label = f"one sample, {statistic} of {seconds.shape[1]} sentences, {name}"
            rows.append((label, *(f"{value:.2f} s" for value in values)))
    rows.append(("peak memory", *(f"{worker.peak:.0f} MiB" for worker in workers)))
    if options.against:
        ratio = np.median(quiet[1] / quiet[0]), np.median(busy[1] / busy[0])
        rows.append(("speed-up, median over sentences", f"{ratio[0]:.2f}x quiet, {ratio[1]:.2f}x busy", ""))
    return rows


def milliseconds(function: Callable[[], object], times: int = 9) -> float:
    """Median wall time of a call; a first one is not counted."""
    function()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        function()
        taken.append(1000 * (time.perf_counter() - start))
    return statistics.median(taken)


def ours_per_token(model: MotionGPT, prompt: str) -> float:
    grammar = MotionGrammar(TOKENS, TOKENS)
    return milliseconds(lambda: generate(model.language, [prompt], grammar, temperature=1.0), 3) / TOKENS


def transformers_per_token(model: MotionGPT, prompt: str) -> float:
    """Milliseconds a token of transformers' T5 of the same sizes (random weights) with its own ``generate``."""
    from transformers import T5Config, T5ForConditionalGeneration

    shape = model.language.network.shape
    config = T5Config(
        vocab_size=shape.vocabulary_size,
        d_model=shape.d_model,
        d_kv=shape.d_kv,
        d_ff=shape.d_ff,
        # Its cache has as many layers as the encoder, so the encoder gets those of the decoder; it runs once a prompt.
        num_layers=shape.decoder_layers,
        num_decoder_layers=shape.decoder_layers,
        num_heads=shape.heads,
        feed_forward_proj=shape.feed_forward,
        tie_word_embeddings=shape.tied_embeddings,
        decoder_start_token_id=0,
    )
    rival = T5ForConditionalGeneration(config).eval()
    words = model.language.tokenizer
    ids = torch.tensor([[*words.encode(prompt), words.end_of_sequence]])
    settings = {"do_sample": True, "min_new_tokens": TOKENS, "max_new_tokens": TOKENS}
    with torch.inference_mode():
        call = lambda: rival.generate(input_ids=ids, attention_mask=torch.ones_like(ids), **settings)  # noqa: E731
        return milliseconds(call, 3) / TOKENS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="model folder; the embedded model when left out")
    parser.add_argument("--against", type=Path, help="another checkout of the project, measured beside this one")
    parser.add_argument("--sentences", type=int, default=40, help="number of sentences")
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1), help="of PyTorch")
    options = parser.parse_args()
    load_average = f", load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    header = ("what", "measured", *(["the other checkout"] if options.against else []))
    sentences = sentence_rows(options)
    torch.set_num_threads(options.threads)
    rows: list[tuple[str, str, str]] = []

    model = MotionGPT.from_pretrained(options.model)
    ours, theirs = (measure(model, "a person walks forward") for measure in (ours_per_token, transformers_per_token))
    rows.append(
        ("a token of the language model", f"{ours:.2f} ms", f"transformers {theirs:.2f} ms: {theirs / ours:.1f}x")
    )

    joints = made_up_walk(FEATURE_FRAMES + 1).joints
    extract = milliseconds(lambda: joints_to_features(joints))
    features = joints_to_features(joints)
    ratio = f"published {PUBLISHED_FEATURES_MS:.0f} ms: {PUBLISHED_FEATURES_MS / extract:.1f}x (4x wanted)"
    rows.append((f"features of {FEATURE_FRAMES} frames", f"{extract:.2f} ms", ratio))
    rows.append(
        (f"joints of {FEATURE_FRAMES} features", f"{milliseconds(lambda: features_to_joints(features)):.2f} ms", "")
    )
    rows.append(("codes of them", f"{milliseconds(lambda: model.tokenizer.encode(features)):.1f} ms", ""))
    codes = model.tokenizer.encode(features)
    rows.append(("features of the codes", f"{milliseconds(lambda: model.tokenizer.decode(codes)):.1f} ms", ""))

    processor = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            processor = line.split(":", 1)[1].strip()
            break
    print(
        f"{processor}, {os.cpu_count()} cores, {options.threads} threads, torch {torch.__version__}, "
        f"numpy {np.__version__}, Python {platform.python_version()}{load_average}\n"
    )
    print_table(header, sentences)
    print()
    print_table(("what", "measured", "against"), rows)


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    for row in (header, ["---"] * len(header), *rows):
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
