"""Why a stream does not come in, or not any more."""

from __future__ import annotations

from contracts.ingesting import IngressFailure


class SourceError(Exception):
    """It cannot be played, or not any more."""

    def __init__(self, failure: IngressFailure) -> None:
        super().__init__(failure.value)
        self.failure = failure
