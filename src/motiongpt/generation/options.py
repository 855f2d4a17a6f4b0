"""Options of generation: their defaults, which belong to a model, and the keyword arguments that override them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, TypedDict, get_args

from motiongpt.errors import MotionGPTError
from motiongpt.weights_io import config_from

# Keys of older model folders and of older commands, with the names they have now.
_RENAMED = {"wordings": "paraphrases"}
# Whether recordings compete with what is written.
Retrieval = Literal["on", "off", "only"]
RETRIEVAL: tuple[str, ...] = get_args(Retrieval)


class CompletionOptions(TypedDict, total=False):
    """Keyword arguments of every call that writes motion; a missing key or None takes the model's default.

    See :class:`GenerationDefaults` for the meaning of each.
    """

    temperature: float | None
    top_k: int | None
    top_p: float | None
    cleanup: bool | None


class SamplingOptions(CompletionOptions, total=False):
    """Keyword arguments of :meth:`motiongpt.MotionGPT.generate` that steer sampling and choice."""

    guidance: float | None
    rerank: int | None
    clauses: bool | None
    retrieval: str | None


class TokenSampling(TypedDict):
    """How the decoding engine draws a token, see :func:`motiongpt.lm.decoding.generate`."""

    temperature: float
    top_k: int | None
    top_p: float | None


@dataclass(frozen=True)
class GenerationDefaults:
    """Options of `MotionGPT.generate` and the other calls where no argument overrides them; saved with the model.

    Attributes:
        temperature: sampling temperature; 0 is greedy.
        top_k: top-k sampling; 0 keeps all tokens.
        top_p: nucleus sampling: the likeliest tokens whose probabilities first add up to this.
        guidance: scale of classifier-free guidance by the sentence (Ho and Salimans 2022): above 1 the motion follows
            the sentence more closely and varies less; 1 switches guidance off.
        rerank: candidates per sample, of which the best is kept. The matcher of the model folder ranks them; a model
            without a matcher ranks them by the likelihood of the sentence given the motion. 1 keeps the first.
        paraphrases: prompt variants of a sentence among which its candidates are divided.
        checks: rank first by what geometry can verify of the sentence (side, direction, count, pace), see
            :mod:`motiongpt.generation.checks`. For HumanML3D's joints.
        min_seconds, max_seconds: bounds of the length when none is requested.
        window: number of codes that the language model has learned to read and write at once; longer motions are
            written in parts.
        context: number of codes that a part sees of what stands before (and after) it.
        clauses: generate the actions of a sentence such as "walks forward, then sits down" one by one and join them
            where they are most alike, and put the arms of one on the legs of the other for "walks while waving". With
            a requested length or bounds, the sentence stays whole.
        retrieval: whether recordings of the model's library compete with what the language model writes: "on", "off",
            or "only", which writes nothing. A model without a library writes everything.
        cleanup: smooth the decoded motion and stop its feet from sliding, see :mod:`motiongpt.motion.cleanup`.
    """

    temperature: float = 1.0
    top_k: int = 50
    top_p: float = 0.9
    guidance: float = 1.0
    rerank: int = 1
    paraphrases: int = 1
    checks: bool = True
    min_seconds: float = 1.0
    max_seconds: float = 10.0
    window: int = 50
    context: int = 12
    clauses: bool = False
    retrieval: str = "on"
    cleanup: bool = True

    @classmethod
    def from_config(cls, values: Mapping[str, Any], where: str) -> GenerationDefaults:
        """Defaults from the plain values of a config; keys of older model folders are read too.

        Args:
            values: keys and values.
            where: names the config in errors.

        Raises:
            MotionGPTError: an unknown key, or a value of another type.
        """
        return config_from(cls, {_RENAMED.get(key, key): value for key, value in values.items()}, where)

    def override(self, options: Mapping[str, Any]) -> GenerationDefaults:
        """These defaults with every option that is not None in place of its own.

        Args:
            options: a :class:`SamplingOptions` or :class:`CompletionOptions`.

        Raises:
            MotionGPTError: an option is out of its range.
            TypeError: there is no such option.
        """
        if unknown := set(options) - set(SamplingOptions.__annotations__) - set(CompletionOptions.__annotations__):
            raise TypeError(f"unexpected keyword argument {sorted(unknown)[0]!r}")
        result = replace(self, **{name: value for name, value in options.items() if value is not None})
        if result.rerank < 1:
            raise MotionGPTError(f"rerank must be at least 1, but is {result.rerank}.")
        if not (math.isfinite(result.guidance) and result.guidance >= 0):
            raise MotionGPTError(f"guidance must be a number of 0 or more, but is {result.guidance}.")
        if result.retrieval not in RETRIEVAL:
            raise MotionGPTError(f"retrieval must be one of {', '.join(RETRIEVAL)}, but is {result.retrieval!r}.")
        return result

    @property
    def token_sampling(self) -> TokenSampling:
        """What the decoding engine needs of these options."""
        return {"temperature": self.temperature, "top_k": self.top_k or None, "top_p": self.top_p}

    def as_dict(self) -> dict[str, Any]:
        """Names and values, as they are saved."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
