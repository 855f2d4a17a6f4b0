"""A story in several sentences: one motion, each part going on where the one before it ends."""

from motiongpt import MotionGPT
from motiongpt.motion.editing import find_seam, splice

model = MotionGPT.from_pretrained()
# One sentence with "then" is enough for two or three actions. A list gives every part its own length, has no bound on
# the number of parts, and lets you exchange one of them.
parts = {
    "a person walks forward": 3.0,
    "a person walks in a circle": 4.0,
    "a person turns left": 2.5,
    "a person waves with the right hand": 3.0,
}
story, *others = [model.generate(sentence, seconds=seconds, seed=0) for sentence, seconds in parts.items()]
for part in others:
    # find_seam() searches the last second of one motion and the first second of the next for the frames that are most
    # alike. A cost below 0.1 m is hard to see; if it is higher, try another seed, or a part in between: a body that
    # walks and then jumps has to stop first. splice() turns and moves the next part there, and cross-fades.
    seam = find_seam(story, part)
    print(f"{part.text}: joined with {seam.cost:.2f} m")
    story = splice(story, part, seam)
print(story.save("story.mp4"), f"{story.seconds:.1f} s")
