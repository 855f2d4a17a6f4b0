"""Many sentences, several variants of each, from a text file: python 03_batch.py [PROMPTS.txt] [VARIANTS].

`motiongpt batch` does the same from the command line and resumes after an interruption.
"""

import json
import sys
from pathlib import Path

from motiongpt import MotionGPT

sentences = ["a person jumps", "a person sits down"]
if len(sys.argv) > 1:
    sentences = [line.strip() for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines() if line.strip()]
variants = int(sys.argv[2]) if len(sys.argv) > 2 else 2

model = MotionGPT.from_pretrained()
folder = Path("batch")
folder.mkdir(exist_ok=True)

# A line of JSON for every file says which sentence, seed and sample made it, so that each can be made again alone.
with (folder / "clips.jsonl").open("w", encoding="utf-8") as manifest:
    # A dozen sentences at a time: memory stays bounded however long the list is.
    for start in range(0, len(sentences), 12):
        part = sentences[start : start + 12]
        for number, row in enumerate(model.generate(part, n=variants, seed=0), start):
            for sample, motion in enumerate(row):
                path = motion.save(folder / f"{number:04d}_{sample}.bvh")
                entry = {"file": path.name, "sentence": motion.text, "seed": 0, "sample": sample}
                manifest.write(json.dumps(entry) + "\n")
print(folder / "clips.jsonl")
