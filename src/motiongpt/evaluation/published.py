"""Numbers of others, on HumanML3D's test split: what our reports are set beside."""

from __future__ import annotations

PAPER = "MotionGPT, paper"
RELEASED = "MotionGPT, released file"
REAL = "HumanML3D, real"

SOURCES = {
    PAPER: "B. Jiang et al., MotionGPT: Human Motion as a Foreign Language, NeurIPS 2023, its tables",
    RELEASED: "the published checkpoint as its users measured it, github.com/OpenMotionLab/MotionGPT issues",
    REAL: "real motions in the tables of the paper",
}

PUBLISHED: dict[str, dict[str, dict[str, float]]] = {
    "t2m": {
        PAPER: {
            "r_precision_1": 0.492, "r_precision_2": 0.681, "r_precision_3": 0.778, "fid": 0.232,
            "matching_score": 3.096, "diversity": 9.528, "multimodality": 2.008,
        },
        RELEASED: {
            "r_precision_1": 0.402, "r_precision_2": 0.568, "r_precision_3": 0.659, "fid": 0.185,
            "matching_score": 4.019, "diversity": 9.294, "multimodality": 3.501,
        },
        REAL: {
            "r_precision_1": 0.511, "r_precision_2": 0.703, "r_precision_3": 0.797, "fid": 0.002,
            "matching_score": 2.974, "diversity": 9.503,
        },
    },
    "m2t": {PAPER: {"bleu_1": 48.2, "bleu_4": 12.47, "rouge_l": 37.4, "cider": 29.2, "bertscore_rescaled": 32.4}},
    "pred": {PAPER: {"fid": 0.905, "diversity": 8.972, "ade": 4.745, "fde": 6.040}},
    "inbetween": {PAPER: {"fid": 0.214, "diversity": 9.560}},
    "reconstruction": {PAPER: {"mpjpe": 55.8, "pa_mpjpe": 40.1, "accel": 7.5, "fid": 0.067, "diversity": 9.675}},
}  # fmt: skip
"""By task and source, in the names and units of our reports."""
