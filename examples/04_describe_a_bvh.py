"""What does a motion file show?  python 04_describe_a_bvh.py FILE...  (.bvh, .glb, .amc, .npz, .npy, ...)"""

import sys

from motiongpt import Motion, MotionGPT

model = MotionGPT.from_pretrained()
files = sys.argv[1:]
if not files:
    # No file given: make one, so that the example runs anywhere.
    files = [str(model.generate("a person kicks with the left leg", seed=0).save("kick.bvh"))]

# A file keeps its own frame rate, size and place. describe() brings a copy of it to what the model reads (22 joints,
# 20 frames a second, standing on the floor, facing +Z), so nothing has to be converted first.
clips = [Motion.load(file) for file in files]
for file, clip, caption in zip(files, clips, model.describe(clips), strict=True):
    print(f"{file} ({clip.seconds:.1f} s at {clip.fps:g} fps): {caption}")
