"""Evaluation of a model: probes that geometry decides, and the tasks of MotionGPT on clips that were not trained on."""
