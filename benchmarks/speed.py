"""How fast and how big, as a Markdown table, with rivals measured in the same run.

    python benchmarks/speed.py [--model DIR] [--raw DIR] [--threads 2]

Loading, generating and memory are measured in fresh processes. With --raw, a folder with ``cmu/``, ``hdm05/`` and
``captions/humanml3d.jsonl.gz`` (see docs/data.md), a data set is built into a temporary folder. A busy machine makes
all numbers worse: the load average is printed. Rendering has a benchmark of its own, render.py.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from motiongpt.data.build import build
from motiongpt.generation.motiongpt import MotionGPT
from motiongpt.lm.decoding import generate
from motiongpt.lm.grammars import MotionGrammar
from motiongpt.motion import features_to_joints, joints_to_features
from render import made_up_walk

# The original's number on two CPU cores.
PUBLISHED_FEATURES_MS = 41.0
FEATURE_FRAMES = 170
TOKENS = 50

_FRESH = """
import json, resource, sys, time
start = time.perf_counter()
import torch
torch.set_num_threads({threads})
from motiongpt import MotionGPT
model = MotionGPT.from_pretrained({model!r})
loaded = time.perf_counter()
model.generate("a person walks forward and waves", seconds=4.0, seed=0)
first = time.perf_counter()
for seed in range(1, 6):
    model.generate("a person walks forward and waves", seconds=4.0, seed=seed)
later = (time.perf_counter() - first) / 5
scale = 2**20 if sys.platform == "darwin" else 2**10
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale
print(json.dumps([loaded - start, first - loaded, later, peak]))
"""


def fresh_process(model: str | None, threads: int) -> list[float]:
    """Seconds to load (imports included), seconds of the first and of later 4-second motions, peak memory in MiB."""
    program = _FRESH.format(model=model, threads=threads)
    runs = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        runs.append(json.loads(done.stdout))
    # The first of them warms the disk cache for the others.
    return [statistics.median(values) for values in zip(*runs, strict=True)]


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
    parser.add_argument("--raw", type=Path, help="folder of raw data to build a data set from")
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1), help="of PyTorch")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rows: list[tuple[str, str, str]] = []

    load, first, later, peak = fresh_process(options.model, options.threads)
    rows.append(("load the model in a fresh process", f"{load:.2f} s", "under 3 s"))
    rows.append(("4-second motion from a sentence, the first", f"{first:.2f} s", "under 2 s"))
    rows.append(("4-second motion from a sentence, later ones", f"{later:.2f} s", "under 2 s"))
    rows.append(("peak memory of that process", f"{peak:.0f} MiB", "under 1.2 GB"))

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

    if options.raw is not None:
        with tempfile.TemporaryDirectory() as folder:
            report = build(
                out=Path(folder) / "set",
                cmu=options.raw / "cmu",
                captions=options.raw / "captions" / "humanml3d.jsonl.gz",
                hdm05=options.raw / "hdm05",
                progress=False,
            )
        told = f"{report.raw_minutes:.0f} minutes in {report.seconds:.0f} s"
        rows.append(("build a data set", f"{report.speed:.0f}x real time", f"{told}; 20x wanted"))

    processor = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            processor = line.split(":", 1)[1].strip()
            break
    load_average = f", load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(
        f"{processor}, {os.cpu_count()} cores, {options.threads} threads, torch {torch.__version__}, "
        f"numpy {np.__version__}, Python {platform.python_version()}{load_average}\n"
    )
    for row in (("what", "measured", "against"), ("---", "---", "---"), *rows):
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
