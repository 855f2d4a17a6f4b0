"""A sentence becomes a video to look at, a BVH for a 3D program, and joints for your own code.

python 01_text_to_motion.py ["a person kicks with the right leg"]
"""

import sys

from motiongpt import MotionGPT

sentence = sys.argv[1] if len(sys.argv) > 1 else "a person walks forward and turns left"

# The trained model is part of the package: nothing is downloaded, and a CPU is enough.
model = MotionGPT.from_pretrained()

# The same seed gives the same motion. Leave `seconds` out, and the model chooses the length.
motion = model.generate(sentence, seconds=4.0, seed=0)
print(motion.joints.shape, "frames, joints, xyz in metres, Y up, at", motion.fps, "frames a second")

# The suffix names the format; `motiongpt convert` and docs/formats.md list all of them.
for name in ("motion.mp4", "motion.bvh", "motion.npy"):
    print(motion.save(name))
