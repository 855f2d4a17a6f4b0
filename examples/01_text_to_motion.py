"""A sentence becomes a video, a BVH for a 3D program, and a strip of poses."""

from motiongpt import MotionGPT

model = MotionGPT.from_pretrained()
motion = model.generate("a person walks forward and turns left", seconds=4.0, seed=0)
for name in ("wave.mp4", "wave.bvh", "wave.png"):
    print(motion.save(name))
