"""Show a motion while it is being written, as a game or a page would."""

from motiongpt import MotionGPT

model = MotionGPT.from_pretrained()
shown = 0
for motion in model.stream("a person walks in a circle", seconds=5.0, seed=0, every=3):
    # Each part holds the whole motion so far, as decoded. The last one is cleaned up as well. What is shown already
    # cannot be exchanged for a better candidate, so generate() is the better choice where nobody watches.
    print(f"{motion.seconds:.1f} s written, {len(motion) - shown} frames are new")
    shown = len(motion)
print(motion.save("circle.bvh"))
