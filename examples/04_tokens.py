"""Motion as tokens: swap the halves of two motions in the space of codes."""

import numpy as np

from motiongpt import MotionGPT

model = MotionGPT.from_pretrained()
first, second = model.generate(["a person walks forward", "a person raises both arms"], seconds=4.0, seed=0)
codes = [model.tokenizer.encode(motion) for motion in (first, second)]
middle = len(codes[0]) // 2
mixed = model.tokenizer.decode_motion(np.concatenate([codes[0][:middle], codes[1][middle:]]))
print(codes[0][:8], mixed.save("mixed.mp4"))
