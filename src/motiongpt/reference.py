"""All that ``strict_reference=True`` changes, in one place.

The original MotionGPT has defects that are corrected here. Who needs its very numbers sets ``strict_reference``, in a
training config or where a function offers it; it is off by default everywhere.
"""

from __future__ import annotations

from enum import Enum


class Effect(Enum):
    """One behaviour of the original each: where it is reproduced, and what is done otherwise.

    The value says in one line what the original does.
    """

    TOKEN_LENGTHS = "In training, lengths in instructions, the given beginning and the mask count tokens, not frames."
    """`motiongpt.language.templates.Fields`; otherwise frames everywhere, in training as in use."""
    FLOORED_SECONDS = "Seconds in instructions are rounded down to whole seconds and printed with a decimal."
    """`motiongpt.language.templates.Fields`; otherwise rounded to the decimal that is printed."""
    QUOTES = "Captions stand in quote marks with probability one half, in instructions and, independently, in answers."
    """`motiongpt.language.templates.Templates`; otherwise now and then in instructions, never in answers."""
    PARSING = "A motion without start or end is the single code 0, and words between codes swallow a code."
    """`motiongpt.language.vocabulary.parse`; otherwise what was written counts."""
    UNPACKED_EVALUATOR = "The evaluator's motion encoder reads the padding behind a motion as motion."
    """`motiongpt.evaluation.evaluator.Evaluator`; otherwise it sees the frames of the motion and nothing else."""
    PADDED_ERRORS = "MPJPE, PA-MPJPE and ACCEL count the padding of a batch as frames."
    """`motiongpt.evaluation.metrics.reconstruction_errors`; otherwise the frames of each motion count."""
    SHIFTED_PREDICTION = "The predicted part is compared with the true motion from frame 0: shifted by a fifth."
    """`motiongpt.evaluation.metrics.completion_errors`; otherwise frames are compared with their own time."""


PUBLISHED_FEATURES = "The heading behind the features subtracts the hip vector from the shoulder vector."
"""Not switched: always on in `motiongpt.motion.joints_to_features`, for all published features were made so."""
