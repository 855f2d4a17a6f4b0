"""Find clips by a sentence in a folder of motion files: python 09_search.py "a person jumps" FOLDER."""

import sys
from pathlib import Path

from motiongpt import MotionGPT
from motiongpt.retrieval.search import MotionIndex, embedded_evaluator, motion_files

if len(sys.argv) > 2:
    query, folder = sys.argv[1], Path(sys.argv[2])
else:
    # No folder given: fill one with three motions, so that the example runs anywhere.
    query, folder = "a person jumps", Path("clips")
    folder.mkdir(exist_ok=True)
    sentences = ["a person jumps", "a person sits down", "a person walks forward"]
    for motion in MotionGPT.from_pretrained().generate(sentences, seconds=3.0, seed=0):
        motion.save(folder / f"{motion.text.split()[2]}.bvh")

# The index reads every file once; a second query costs milliseconds. Keep it, when you have many questions.
index = MotionIndex(embedded_evaluator(), motion_files(folder))
for found in index.search(query, count=3):
    print(f"{found.score:.2f}  {found.path}  {found.start:.1f} to {found.end:.1f} s")
