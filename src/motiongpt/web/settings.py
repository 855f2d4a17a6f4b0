"""What the server allows, in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Limits of the server.

    Attributes:
        token: what callers must show as ``Authorization: Bearer TOKEN``; None lets everyone in who can reach it.
        hosts: names by which the server may be called, against DNS rebinding; empty allows any.
        embed: site that may show the page in a frame, such as ``https://huggingface.co``; None for no site.
        body_bytes: largest request without a file.
        upload_bytes: largest request with a file; unpacked, an archive may have ten times as many.
        upload_seconds: longest motion that is read.
        seconds: longest motion that is made.
        samples: most motions of one request.
        most_rerank: most candidates that a request may ask for, for each of them.
        rerank: candidates of requests that do not say how many; None gives one alone the model's own number, and lets
            those that are answered together share ``candidates``.
        candidates: that the samples of a batch share, but each gets four, and none more than it would get alone.
        text_characters: longest sentence.
        queue: requests that may wait for the model; more are told to come back.
        batch: requests that are answered together, at most.
        linger: seconds that requests wait for as many as were in the batch before, at most.
        timeout: seconds until an answer, waiting included.
        upload_timeout: seconds until a request has arrived as a whole.
        drain: seconds that a stopping server gives the requests it has accepted.
        results: motions that are kept for links and downloads, the oldest forgotten first.
        results_bytes: memory that they may take.
        conversations: conversations that are kept.
    """

    token: str | None = None
    hosts: tuple[str, ...] = ()
    embed: str | None = None
    body_bytes: int = 1_000_000
    upload_bytes: int = 32_000_000
    upload_seconds: float = 600.0
    seconds: float = 60.0
    samples: int = 8
    most_rerank: int = 32
    rerank: int | None = None
    candidates: int = 128
    text_characters: int = 1000
    queue: int = 64
    batch: int = 16
    linger: float = 0.05
    timeout: float = 60.0
    upload_timeout: float = 30.0
    drain: float = 30.0
    results: int = 1000
    results_bytes: int = 256_000_000
    conversations: int = 1000


DEFAULTS = Settings()


class WebError(Exception):
    """An answer other than the one hoped for.

    Attributes:
        status: HTTP status.
        code: a word for programs.
        message: a sentence for people.
        retry_after: seconds after which it is worth trying again.
    """

    def __init__(self, status: int, code: str, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.retry_after = status, code, message, retry_after
