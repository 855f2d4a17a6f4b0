"""Gallery of an evaluation: one HTML page with the best, the worst and random cases of every task."""

from __future__ import annotations

import base64
import html
import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from motiongpt.evaluation.clips import Clip
from motiongpt.evaluation.measures import TASKS
from motiongpt.evaluation.outputs import Bench, Outputs
from motiongpt.files import atomic_path
from motiongpt.motion import Motion
from motiongpt.render.stills import render_strip

_CASES = 3
_SIZE = (960, 240)
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
h2 { margin-top: 3rem; border-bottom: 1px solid #ccc; }
figure { margin: 1.5rem 0; }
figcaption { margin-bottom: .3rem; }
img { width: 100%; height: auto; display: block; border: 1px solid #eee; }
.label { color: #666; font-size: .85rem; margin: .4rem 0 0; }
.kind { background: #eee; border-radius: .3rem; padding: .1rem .5rem; font-size: .85rem; margin-right: .5rem; }
"""


def choose_cases(cases: dict[str, float], seed: int, count: int = _CASES) -> list[tuple[str, str]]:
    """(kind, clip id): the best, the worst, and random cases; no clip twice.

    Args:
        cases: clip id -> score, lower is better.
        seed: random seed of the random cases.
        count: number of cases of each kind; fewer if there are not enough clips.
    """
    order = sorted(cases, key=lambda clip: (cases[clip], clip))
    count = min(count, max(len(order) // 3, 1))
    best, others = order[:count], order[count:]
    worst, rest = others[::-1][:count], others[: max(len(others) - count, 0)]
    drawn = np.random.default_rng([seed, 5]).permutation(len(rest))[:count]
    kinds = (("best", best), ("worst", worst), ("random", [rest[i] for i in drawn]))
    return [(kind, clip) for kind, clips in kinds for clip in clips]


def write_gallery(bench: Bench, report: dict[str, Any], path: Path) -> Path:
    """Write the page of the first replication of a report. It needs no other file.

    Args:
        bench: what was measured; its outputs come from the cache, or are computed again.
        report: of :func:`motiongpt.evaluation.evaluate.evaluate_bench`.
        path: of the page.

    Raises:
        MotionGPTError: the file cannot be written.
    """
    parts = []
    for task, found in report["tasks"].items():
        case = TASKS[task].case
        clips = bench.clips_of(task)
        outputs = bench.outputs(task, 0)
        # Without an evaluator there is no score of a sentence and its motion: all cases are random.
        scores = found["cases"] or {
            clip.id: 0.0 for clip, motion in zip(clips, outputs.motions, strict=True) if motion is not None
        }
        parts.append(f"<h2>{html.escape(TASKS[task].title)}</h2>")
        for kind, name in choose_cases(scores, bench.settings.seed):
            row = next(i for i, clip in enumerate(clips) if clip.id == name)
            label = kind if found["cases"] else "random"
            score = f"{case.heading} {abs(scores[name]):.{case.digits}f}" if found["cases"] else ""
            parts.append(_case(task, clips[row], outputs, row, label, score))
    protocol = report["protocol"]
    head = (
        f"Model <code>{html.escape(str(protocol['model']))}</code> ({protocol['model hash']}), list "
        f"<code>{html.escape(str(protocol['split']))}</code> of <code>{html.escape(str(protocol['data']))}</code>, "
        f"seed {protocol['seed']}, first replication. The best, the worst and random cases of every task."
    )
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Gallery of an evaluation</title><style>{_STYLE}</style></head><body>"
        f"<h1>Gallery</h1><p>{head}</p>{''.join(parts)}</body></html>\n"
    )
    with atomic_path(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return path


def _case(task: str, clip: Clip, outputs: Outputs, row: int, kind: str, score: str) -> str:
    motion = outputs.motions[row] if outputs.motions else None
    label = {"t2m": "prompt", "m2t": "caption"}.get(task)
    text = f"{label}: <b>{html.escape(outputs.texts[row]) or '(nothing)'}</b>" if label else html.escape(clip.id)
    references = "; ".join(clip.captions[:3])
    figure = [
        f'<figure><figcaption><span class="kind">{kind}</span>{text} <span class="label">{score}</span></figcaption>'
    ]
    if motion is not None:
        figure.append(f'<p class="label">this model, {motion.seconds:.1f} s</p>{_strip(motion)}')
    figure.append(
        f'<p class="label">real clip {html.escape(clip.id)}, {clip.motion.seconds:.1f} s'
        f"{': ' + html.escape(references) if references else ''}</p>{_strip(clip.motion)}</figure>"
    )
    return "".join(figure)


def _strip(motion: Motion) -> str:
    picture = Image.fromarray(render_strip(motion, size=_SIZE, caption=""))
    buffer = io.BytesIO()
    # A palette reduces the page to a third; the difference is hardly visible.
    picture.quantize(64, dither=Image.Dither.NONE).save(buffer, format="PNG", optimize=True)
    return f'<img alt="" src="data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}">'
