"""Probes: sentences whose truth geometry can decide, and the predicates that decide it.

The judge stays apart from the chooser: nothing here imports :mod:`motiongpt.generation` or
:mod:`motiongpt.motion.detectors`, which rank candidates by rules of their own.
"""
