"""Motion as tokens, the interchange format of the language model: encode, cut, decode."""

import numpy as np

from motiongpt import MotionGPT

model = MotionGPT.from_pretrained()
first, second = model.generate(["a person walks forward", "a person raises both arms"], seconds=4.0, seed=0)

# coarse=True gives what the language model reads and writes: one code for four frames. Without it the stream carries
# the refinement as well: six codes for four frames, at half the error.
codes = [model.tokenizer.encode(motion, coarse=True) for motion in (first, second)]
print("coarse codes:", codes[0])
print("all codes:", model.tokenizer.encode(first).shape)

# Codes know nothing of place and heading, only of change: the halves of two motions fit together without alignment.
middle = len(codes[0]) // 2
mixed = model.tokenizer.decode_motion(np.concatenate([codes[0][:middle], codes[1][middle:]]))
print(mixed.save("mixed.mp4"))
