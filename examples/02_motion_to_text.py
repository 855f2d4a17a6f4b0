"""What do motion files show?  python 02_motion_to_text.py FILE..."""

import sys

from motiongpt import Motion, MotionGPT

model = MotionGPT.from_pretrained()
clips = [Motion.load(path) for path in sys.argv[1:]] or model.generate(["a person jumps", "a person sits down"])
for clip, caption in zip(clips, model.describe(clips), strict=True):
    print(f"{clip.name or clip.text}: {caption}")
