"""Assemble a model folder from the results of the training stages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import yaml

from motiongpt.errors import MotionGPTError
from motiongpt.generation.motiongpt import MotionGPT
from motiongpt.generation.options import GenerationDefaults
from motiongpt.generation.refiner import Refiner
from motiongpt.lm.model import MotionLanguageModel
from motiongpt.retrieval.matcher import Matcher
from motiongpt.tokenizer import MotionTokenizer


def assemble(
    output: str | Path,
    tokenizer: str | Path,
    language: str | Path,
    *,
    matcher: str | Path | None = None,
    refiner: str | Path | None = None,
    evaluator: str | Path | None = None,
    dtype: str = "float16",
    defaults: Sequence[str] = (),
) -> GenerationDefaults:
    """Write a model folder.

    Args:
        output: the model folder.
        tokenizer, language, matcher, refiner: folders of finished training runs, ``<output of a config>/final``. The
            refiner needs a tokenizer with a refinement.
        evaluator: folder of a second matcher, which ``motiongpt evaluate`` and ``search`` use. It is stored beside the
            model in half precision.
        dtype: of the stored weights: ``float32``, ``float16``, ``bfloat16`` or ``int8`` (large matrices alone).
        defaults: options of generation as ``key=value``, see :class:`GenerationDefaults`.

    Returns:
        The options of generation that the folder carries.

    Raises:
        MotionGPTError: a folder is missing or does not fit the others, or a key, value or dtype is unknown.
    """
    generation = parse_defaults(defaults)
    motion_tokenizer = MotionTokenizer.load(tokenizer)
    model = MotionGPT(
        motion_tokenizer,
        MotionLanguageModel.load(language),
        generation,
        None if matcher is None else Matcher.load(matcher),
        None if refiner is None else Refiner.load(refiner, motion_tokenizer),
    )
    model.save_pretrained(output, dtype=dtype)
    if evaluator is not None:
        judge, encoder = Matcher.load(evaluator), model.language.text_encoder
        # A sentence encoder that equals the model's is stored once.
        shared = encoder is not None and judge.sentence_encoder.equals(encoder)
        judge.save(Path(output) / "evaluator", dtype=torch.float16, shared_encoder=shared)
    return generation


def parse_defaults(settings: Sequence[str]) -> GenerationDefaults:
    """Options of generation from ``key=value`` strings with YAML values.

    Raises:
        MotionGPTError: a string of another form, a value that is no number, or an unknown key.
    """
    values: dict[str, Any] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise MotionGPTError(f"{setting!r} must have the form key=value, such as top_p=0.9.")
        values[key] = yaml.safe_load(text)
        if not isinstance(values[key], (int, float)):
            raise MotionGPTError(f"{setting!r}: the value must be a number, true or false.")
    return GenerationDefaults.from_config(values, "defaults of generation")
