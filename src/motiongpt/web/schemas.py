"""What callers may send, field by field."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from motiongpt.web.service import Sampling

View = Literal["joints", "clip", "none"]
_FINITE = {"allow_inf_nan": False}


def _two(value: Any) -> Any:
    """Forms have no lists: "0.25,0.25" is one."""
    return value.split(",") if isinstance(value, str) else value


Id = Annotated[str, Field(max_length=64, description="Id of a result: of an upload, or of a motion made before.")]
Seed = Annotated[int, Field(ge=0, lt=2**63, description="Seed of all randomness; drawn and reported when missing.")]
Rerank = Annotated[
    int,
    Field(
        ge=1,
        le=64,
        description="Candidates for each motion. When missing it depends on how many ask at once, and is reported: the "
        "same seed and the same number give the same motion.",
    ),
]
Seconds = Annotated[float, Field(gt=0, le=3600, description="Length in seconds.", **_FINITE)]


class Body(BaseModel):
    """Nothing but the known fields."""

    model_config = ConfigDict(extra="forbid")


class CompletionSampling(Body):
    """How the model draws."""

    temperature: Annotated[float, Field(ge=0, le=100, **_FINITE)] | None = None
    top_k: Annotated[int, Field(ge=0, le=100_000)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1, **_FINITE)] | None = None
    cleanup: bool | None = None

    def sampling(self) -> Sampling:
        names = Sampling.__dataclass_fields__
        return Sampling(**{name: value for name, value in self.model_dump().items() if name in names})


class Generate(CompletionSampling):
    """A sentence to make motions of."""

    text: Annotated[str, Field(min_length=1, max_length=10_000, examples=["a person walks forward and turns left"])]
    seconds: Seconds | None = None
    samples: Annotated[int, Field(ge=1, le=64)] = 1
    seed: Seed | None = None
    guidance: Annotated[float, Field(ge=0, le=100, **_FINITE)] | None = None
    rerank: Rerank | None = None


class OfMotion(Body):
    """A motion: an id, or a file in a form."""

    motion: Id | None = None


class Predict(CompletionSampling, OfMotion):
    """A motion to continue."""

    given: Annotated[float, Field(gt=0, le=1, **_FINITE)] = 0.2
    seconds: Seconds | None = None
    seed: Seed | None = None


class Inbetween(CompletionSampling, OfMotion):
    """A motion whose middle is to be made."""

    given: Annotated[
        tuple[Annotated[float, Field(gt=0, lt=1, **_FINITE)], Annotated[float, Field(gt=0, lt=1, **_FINITE)]],
        BeforeValidator(_two),
    ] = (0.25, 0.25)
    seed: Seed | None = None


class Ask(Body):
    """Any instruction."""

    prompt: Annotated[str, Field(min_length=1, max_length=10_000, examples=["Describe <motion> in a few words."])]
    motion: Id | None = None
    seed: Seed = 0
    temperature: Annotated[float, Field(ge=0, le=100, **_FINITE)] | None = None
    cleanup: bool | None = None


class Upload(Body):
    """What is said about an uploaded file."""

    fps: Annotated[float, Field(gt=0, le=10_000, **_FINITE)] | None = None
    unit: Annotated[str, Field(max_length=16)] | None = None


class Codes(Body):
    """Motion codes."""

    codes: Annotated[list[Annotated[int, Field(ge=0, lt=1_000_000)]], Field(min_length=1, max_length=18_000)]


class Chat(Body):
    """A message."""

    message: Annotated[str, Field(max_length=10_000)]
    conversation: Id | None = None
    motion: Id | None = None
    samples: Annotated[int, Field(ge=1, le=64)] | None = None
    seconds: Seconds | None = None
    seed: Seed | None = None
    rerank: Rerank | None = None


class ResultOut(BaseModel):
    """A motion that was made or uploaded."""

    id: str
    kind: Literal["generate", "predict", "inbetween", "edit", "upload", "ask", "decode"]
    text: str
    seed: int | None
    sample: int
    rerank: int | None = Field(description="Candidates that it was chosen among.")
    frames: int
    fps: float
    seconds: float
    given: tuple[int, int] | None
    source: str | None
    page: str
    files: dict[str, str]
    joints: list[list[list[float]]] | None = Field(None, description="(frames, 22, 3) metres, Y up; view=joints.")
    clip: dict[str, Any] | None = Field(None, description="What the player of the page plays; view=clip.")


class ResultsOut(BaseModel):
    results: list[ResultOut]
    seed: int
    rerank: int


class TextOut(BaseModel):
    text: str


class AnswerOut(BaseModel):
    text: str
    result: ResultOut | None


class CodesOut(BaseModel):
    codes: list[int]
    stride: int
    fps: float


class ErrorDetail(BaseModel):
    code: str
    message: str


class ErrorOut(BaseModel):
    """What went wrong, in a sentence."""

    error: ErrorDetail
