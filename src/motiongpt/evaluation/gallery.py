"""The gallery of an evaluation: one HTML page with the best, the worst and random cases of every task."""

from __future__ import annotations

import base64
import html
import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from motiongpt.evaluation.clips import Clip
from motiongpt.evaluation.outputs import Bench, Made
from motiongpt.files import atomic_path
from motiongpt.motion import Motion
from motiongpt.render.stills import render_strip

_CASES = 3
_SIZE = (960, 240)
# The score of a case, the smaller the better.
_SCORES = {
    "t2m": ("Text to motion", "distance of sentence and motion", "{:.2f}"),
    "m2t": ("Motion to text", "ROUGE-L", "{:.2f}"),
    "pred": ("Prediction from the first fifth", "ADE (m)", "{:.2f}"),
    "inbetween": ("In-between", "ADE (m)", "{:.2f}"),
    "reconstruction": ("Reconstruction", "MPJPE (mm)", "{:.0f}"),
}
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
    """(kind, clip id): the best, the worst, and others drawn by the seed; none of them twice.

    Args:
        cases: a score for each clip, the smaller the better.
    """
    order = sorted(cases, key=lambda clip: (cases[clip], clip))
    count = min(count, max(len(order) // 3, 1))
    best, others = order[:count], order[count:]
    worst, rest = others[::-1][:count], others[: max(len(others) - count, 0)]
    drawn = np.random.default_rng([seed, 5]).permutation(len(rest))[:count]
    kinds = (("best", best), ("worst", worst), ("random", [rest[i] for i in drawn]))
    return [(kind, clip) for kind, clips in kinds for clip in clips]


def write_gallery(bench: Bench, report: dict[str, Any], path: Path) -> Path:
    """Write the page of a report's first replication. It needs no other file.

    Args:
        bench: what was measured; what it made comes from the folder of kept results, or is made again.
        report: of :func:`motiongpt.evaluation.evaluate.evaluate_bench`.
        path: of the page.

    Raises:
        MotionGPTError: the file cannot be written.
    """
    parts = []
    for task, found in report["tasks"].items():
        title, what, form = _SCORES[task]
        clips = bench.clips_of(task)
        made = bench.make(task, 0)
        # Without an evaluator there is no score of a sentence and its motion: all cases are drawn.
        scores = found["cases"] or {clip.id: 0.0 for clip, m in zip(clips, made.motions, strict=True) if m is not None}
        parts.append(f"<h2>{html.escape(title)}</h2>")
        for kind, name in choose_cases(scores, bench.settings.seed):
            row = next(i for i, clip in enumerate(clips) if clip.id == name)
            label = kind if found["cases"] else "random"
            score = f"{what} {form.format(abs(scores[name]))}" if found["cases"] else ""
            parts.append(_case(task, clips[row], made, row, label, score))
    protocol = report["protocol"]
    head = (
        f"Model <code>{html.escape(str(protocol['model']))}</code> ({protocol['model hash']}), list "
        f"<code>{html.escape(str(protocol['split']))}</code> of <code>{html.escape(str(protocol['data']))}</code>, "
        f"seed {protocol['seed']}, first replication. Of every task the best, the worst and, drawn by the seed, others."
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


def _case(task: str, clip: Clip, made: Made, row: int, kind: str, score: str) -> str:
    motion = made.motions[row] if made.motions else None
    said = {"t2m": "asked", "m2t": "written"}.get(task)
    text = f"{said}: <b>{html.escape(made.texts[row]) or '(nothing)'}</b>" if said else html.escape(clip.id)
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
    # A palette makes the page a third as large; the eye hardly sees it.
    picture.quantize(64, dither=Image.Dither.NONE).save(buffer, format="PNG", optimize=True)
    return f'<img alt="" src="data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}">'
