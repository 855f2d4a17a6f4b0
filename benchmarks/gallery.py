"""Render the page of examples, docs/gallery.md: sentences drawn by a seed, and film strips of their motions.

    python benchmarks/gallery.py [--model DIR] [--examples 16] [--seed 0]

The sentences are drawn from the probes. Each motion is the first sample at that seed, good or bad, with the verdict of
the probe.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from motiongpt.evaluation.probes.run import PROBES
from motiongpt.files import atomic_path
from motiongpt.generation.motiongpt import MotionGPT
from motiongpt.render.stills import render_strip

DOCS = Path(__file__).parents[1] / "docs"
FOLDER = "images/gallery"
HEAD = """# Gallery

Written by `python benchmarks/gallery.py --examples {count} --seed {seed}`: sentences drawn from the probes by this
seed, each with the first sample of the embedded model at the same seed and a length that the model chose. Nobody picked
them, so failures are among them. "Holds" is the verdict of the probe's geometry, see [evaluation](evaluation.md). The
package was developed with these probes in view: everyday sentences fail more often.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="model folder or hub id; the embedded model by default")
    parser.add_argument("--examples", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    chosen = np.random.default_rng(arguments.seed).choice(len(PROBES), size=arguments.examples, replace=False)
    probes = [PROBES[index] for index in chosen]
    model = MotionGPT.from_pretrained(arguments.model)
    motions = model.generate([probe.sentence for probe in probes], seed=arguments.seed)
    page = [HEAD.format(count=arguments.examples, seed=arguments.seed)]
    (DOCS / FOLDER).mkdir(parents=True, exist_ok=True)
    for number, (probe, motion) in enumerate(zip(probes, motions, strict=True)):
        picture = Image.fromarray(render_strip(motion, size=(1200, 300), caption=""))
        with atomic_path(DOCS / FOLDER / f"{number:02d}.png") as temporary:
            # A palette reduces the file to a third; the difference is hardly visible.
            picture.quantize(128, dither=Image.Dither.NONE).save(temporary, format="PNG", optimize=True)
        verdict = "holds" if probe.holds(motion.joints) else "fails"
        page.append(f"**{probe.sentence}** ({motion.seconds:.1f} s, {probe.kind}: {verdict})\n")
        page.append(f"![{probe.sentence}]({FOLDER}/{number:02d}.png)\n")
    with atomic_path(DOCS / "gallery.md") as temporary:
        temporary.write_text("\n".join(page), encoding="utf-8")


if __name__ == "__main__":
    main()
