"""A story in several sentences: each motion goes on where the one before ends."""

import numpy as np

from motiongpt import Motion, MotionGPT
from motiongpt.motion.blending import join

model = MotionGPT.from_pretrained()
sentences = ["a person walks forward", "a person jumps", "a person walks in a circle"]
story = model.generate(sentences[0], seconds=3.0, seed=0)
for sentence in sentences[1:]:
    part = model.generate(sentence, seconds=4.0, seed=0)
    # The last frame of the story is the first of the next part: join() turns, moves and fades the rest to it.
    continued = join(story.joints[-1:], part.joints)
    story = Motion(np.concatenate([story.joints, continued[1:]]), text="; ".join(sentences))
print(story.save("story.mp4"), f"{story.seconds:.1f} s")
