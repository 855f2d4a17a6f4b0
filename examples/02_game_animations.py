"""Several clips for a game engine: one GLB with a skinned body and a named animation for each sentence.

Blender, Unity, Godot and three.js read the file. docs/formats.md says how to bring it onto your own character.
"""

from dataclasses import replace

from motiongpt import MotionGPT, formats
from motiongpt.motion.editing import loop

model = MotionGPT.from_pretrained()
sentences = {"walk": "a person walks forward", "jump": "a person jumps", "wave": "a person waves with the right hand"}

# One call for all sentences: they share a batch, which is faster than one call each.
motions = model.generate(list(sentences.values()), seconds=3.0, seed=0)
clips = [replace(motion, name=name) for name, motion in zip(sentences, motions, strict=True)]

# A generated walk ends in another pose than it begins. loop() finds the period of the steps and repeats it.
clips[0] = replace(loop(clips[0], seconds=6.0), name="walk")

# 30 frames a second and the joint names of Mixamo are what most retargeters expect.
print(formats.write([clip.resample(30) for clip in clips], "animations.glb", names="mixamo"))
