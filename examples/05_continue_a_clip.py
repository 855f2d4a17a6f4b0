"""Continue a clip, and replace its middle: python 05_continue_a_clip.py [FILE]."""

import sys

import numpy as np

from motiongpt import Motion, MotionGPT

model = MotionGPT.from_pretrained()
if len(sys.argv) > 1:
    clip = Motion.load(sys.argv[1])
else:
    clip = model.generate("a person walks forward", seconds=4.0, seed=0)

# Keep the first half, and let the model write until 6 seconds are full.
longer = model.predict(clip, given=0.5, seconds=6.0, seed=1)
# Keep a quarter at both ends, and write what lies between.
refilled = model.inbetween(clip, given=(0.25, 0.25), seed=1)

# Given frames come back unchanged (at 20 frames a second, the rate of the model), so the result fits into the scene
# that the clip was cut from.
given = clip.resample(20)
half = round(0.5 * len(given))
print("change of the given frames:", float(np.abs(longer.joints[:half] - given.joints[:half]).max()), "m")
print(longer.save("continued.bvh"), refilled.save("refilled.bvh"))
