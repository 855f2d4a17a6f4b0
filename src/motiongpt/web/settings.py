"""Settings and limits of the server, and its error class."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Settings and limits of the server.

    Attributes:
        token: callers must send it as ``Authorization: Bearer TOKEN``; None accepts everyone who can reach the server.
        hosts: accepted host names, against DNS rebinding; empty accepts any.
        embed: site that may embed the page in a frame, such as ``https://huggingface.co``; None for no site.
        body_bytes: maximum size of a request without a file.
        upload_bytes: maximum size of a request with a file; an archive may unpack to ten times as many bytes.
        upload_seconds: maximum length of an uploaded motion.
        seconds: maximum length of a generated motion.
        samples: maximum number of motions of a request.
        max_rerank: maximum number of candidates per motion that a request may ask for.
        rerank: candidates per motion of a request that does not ask for a number. With None, a request alone gets the
            model's default, and the requests of a batch share ``candidates``.
        candidates: number of candidates that the samples of a batch share; each gets at least four, and at most the
            model's default.
        text_characters: maximum length of a sentence.
        queue: maximum number of waiting requests; the server rejects further ones.
        batch: maximum number of requests in a batch.
        linger: maximum time in seconds that requests wait for a batch as large as the one before.
        timeout: maximum time in seconds until an answer, waiting included.
        upload_timeout: maximum time in seconds until a request has arrived.
        drain: time in seconds that a stopping server has to finish accepted requests.
        results: number of motions that are kept for links and downloads; the oldest are dropped first.
        results_bytes: maximum memory of these motions.
        conversations: number of conversations that are kept.
    """

    token: str | None = None
    hosts: tuple[str, ...] = ()
    embed: str | None = None
    body_bytes: int = 1_000_000
    upload_bytes: int = 32_000_000
    upload_seconds: float = 600.0
    seconds: float = 60.0
    samples: int = 8
    max_rerank: int = 32
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
    """An error response.

    Attributes:
        status: HTTP status.
        code: a word for programs.
        message: a sentence for people.
        retry_after: seconds after which a retry may succeed.
    """

    def __init__(self, status: int, code: str, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.retry_after = status, code, message, retry_after
