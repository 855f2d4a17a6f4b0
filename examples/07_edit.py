"""Edit a motion without a model: tempo, path, mirror image, arms of another motion. Planted feet stay planted."""

import sys

from motiongpt import Motion, MotionGPT
from motiongpt.motion import editing

if len(sys.argv) > 1:
    # Editing works on the 22 joints of HumanML3D: standard() brings any file there.
    walk = Motion.load(sys.argv[1]).standard()
    wave = walk.mirrored()
else:
    model = MotionGPT.from_pretrained()
    walk, wave = model.generate(["a person walks forward", "a person waves with the left hand"], seconds=4.0, seed=0)

edited = {
    "faster": editing.change_tempo(walk, 1.25),
    "left-turn": editing.bend_path(walk, 90, start=0.3, end=0.7),
    "mirrored": walk.mirrored(),
    "backwards": editing.reverse(walk),
    "walk-and-wave": editing.combine(lower=walk, upper=wave),
}
for name, motion in edited.items():
    print(motion.save(f"{name}.bvh"), f"{motion.seconds:.1f} s")
