"""The fields of requests and responses, and their limits."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from motiongpt.generation.options import Retrieval, SamplingOptions

View = Literal["joints", "clip", "none"]
_FINITE = {"allow_inf_nan": False}


def _two(value: Any) -> Any:
    """A form has no lists, so it sends "0.25,0.25"."""
    return value.split(",") if isinstance(value, str) else value


def _bounds(value: Any) -> Any:
    """A form has no lists, so it sends "0.5:2" or ":2"."""
    return [part.strip() or None for part in value.split(":")] if isinstance(value, str) else value


Id = Annotated[str, Field(max_length=64, description="Id of a result: an uploaded or a generated motion.")]
Seed = Annotated[int, Field(ge=0, lt=2**63, description="Random seed. By default a random one is drawn and reported.")]
Rerank = Annotated[
    int,
    Field(
        ge=1,
        le=64,
        description="Candidates per motion. By default the number depends on the load and is reported: the same seed "
        "and the same number of candidates give the same motion.",
    ),
]
Seconds = Annotated[float, Field(gt=0, le=3600, description="Length in seconds.", **_FINITE)]


Temperature = Annotated[float, Field(ge=0, le=100, description="Sampling temperature; 0 is greedy.", **_FINITE)]
Cleanup = Annotated[bool, Field(description="Smooth the motion and remove foot sliding.")]
Samples = Annotated[int, Field(ge=1, le=64, description="Number of motions.")]
Share = Annotated[float, Field(gt=0, lt=1, **_FINITE)]


class Body(BaseModel):
    """A request without unknown fields."""

    model_config = ConfigDict(extra="forbid")

    @property
    def options(self) -> Any:
        """Those of the :class:`motiongpt.generation.options.SamplingOptions` that the request has."""
        return self.model_dump(include=set(SamplingOptions.__optional_keys__), exclude_none=True)


class Completion(Body):
    """The options of a :class:`motiongpt.generation.options.CompletionOptions`."""

    temperature: Temperature | None = None
    top_k: Annotated[int, Field(ge=0, le=100_000, description="Top-k sampling; 0 keeps all tokens.")] | None = None
    top_p: Annotated[float, Field(gt=0, le=1, description="Nucleus sampling.", **_FINITE)] | None = None
    cleanup: Cleanup | None = None


class Generate(Completion):
    """A sentence to generate motions from."""

    text: Annotated[str, Field(min_length=1, max_length=10_000, examples=["a person walks forward and turns left"])]
    seconds: Seconds | None = None
    samples: Samples = 1
    seed: Seed | None = None
    guidance: (
        Annotated[float, Field(ge=0, le=100, description="Scale of classifier-free guidance.", **_FINITE)] | None
    ) = None
    rerank: Rerank | None = None
    clauses: Annotated[bool, Field(description="Generate the actions of a sentence one by one.")] | None = None
    retrieval: (
        Annotated[
            Retrieval,
            Field(description="Whether recordings of the library compete with what the model writes."),
        ]
        | None
    ) = None


class OfMotion(Body):
    """A motion: an id, or a file in a form."""

    motion: Id | None = None


class Predict(Completion, OfMotion):
    """A motion to continue."""

    given: Annotated[float, Field(gt=0, le=1, description="Share of the motion that is kept.", **_FINITE)] = 0.2
    seconds: Seconds | None = None
    seed: Seed | None = None


class Inbetween(Completion, OfMotion):
    """A motion that needs a new middle."""

    given: Annotated[
        tuple[Share, Share],
        BeforeValidator(_two),
        Field(description="Shares of the motion that are kept at its start and end."),
    ] = (0.25, 0.25)
    seed: Seed | None = None


Degrees = Annotated[float, Field(ge=-3600, le=3600, **_FINITE)]
Trim = tuple[Annotated[float, Field(**_FINITE)] | None, Annotated[float, Field(**_FINITE)] | None]


class Edit(OfMotion):
    """A motion to edit: :class:`motiongpt.motion.edits.Edits`, in the order of application."""

    trim: (
        Annotated[
            Trim,
            BeforeValidator(_bounds),
            Field(description="First and last second that are kept, null or negative as in [null, -0.5]."),
        ]
        | None
    ) = None
    fps: Annotated[float, Field(gt=0, le=240, description="Frame rate of the result.", **_FINITE)] | None = None
    smooth: Annotated[bool, Field(description="Remove jitter.")] = False
    ground: Annotated[bool, Field(description="Bring the body to the floor.")] = False
    reverse: Annotated[bool, Field(description="Play backwards.")] = False
    mirror: Annotated[bool, Field(description="Exchange left and right.")] = False
    tempo: Annotated[float, Field(gt=0, le=100, description="Factor; 2 is twice as fast.", **_FINITE)] | None = None
    bend: Degrees | None = Field(None, description="Degrees by which the path turns, positive to the left.")
    turn: Degrees | None = Field(None, description="Degrees by which the motion is turned, positive to the left.")
    in_place: Annotated[bool, Field(description="Take the way out of the motion.")] = False
    loop: bool | Seconds = Field(False, description="Make a seamless loop, of what fits (true) or of so many seconds.")


class Ask(OfMotion):
    """Any instruction, with or without a motion."""

    prompt: Annotated[str, Field(min_length=1, max_length=10_000, examples=["Describe <motion> in a few words."])]
    seed: Seed = 0
    temperature: Temperature | None = None
    cleanup: Cleanup | None = None


class Upload(Body):
    """Options of an uploaded file."""

    fps: Annotated[float, Field(gt=0, le=10_000, description="Frame rate of the file.", **_FINITE)] | None = None
    unit: Annotated[str, Field(max_length=16, description="Length unit of the file, such as cm.")] | None = None


class Codes(Body):
    """Motion codes."""

    codes: Annotated[list[Annotated[int, Field(ge=0, lt=1_000_000)]], Field(min_length=1, max_length=18_000)]


class Chat(Body):
    """A message."""

    message: Annotated[str, Field(max_length=10_000)]
    conversation: Id | None = None
    motion: Id | None = None
    samples: Samples | None = None
    seconds: Seconds | None = None
    seed: Seed | None = None
    rerank: Rerank | None = None


class ResultOut(BaseModel):
    """A generated, edited or uploaded motion."""

    id: str
    kind: Literal["generate", "predict", "inbetween", "edit", "upload", "ask", "decode"]
    text: str
    seed: int | None
    sample: int
    rerank: int | None = Field(description="Number of candidates that it was chosen from.")
    frames: int
    fps: float
    seconds: float
    remarks: list[str] = Field(description="What was guessed or substituted, a sentence each.")
    origin: Literal["generated", "retrieved", "composed", ""] = Field(
        description="Whether the model wrote it, or recordings of its library are part of it."
    )
    recordings: list[str] = Field(description="These recordings.")
    given: tuple[int, int] | None
    source: str | None
    page: str
    files: dict[str, str]
    joints: list[list[list[float]]] | None = Field(None, description="(frames, 22, 3) metres, Y up; view=joints.")
    clip: dict[str, Any] | None = Field(None, description="Data for the player of the page; view=clip.")


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
    """An error, described in one sentence."""

    error: ErrorDetail
