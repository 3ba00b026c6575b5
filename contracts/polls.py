"""What a poll may be, whether it is asked in a room or was prepared before: so that what is prepared can be asked."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

MAX_QUESTION_LENGTH = 300
MAX_OPTION_LENGTH = 120
MAX_POLL_OPTIONS = 20
MAX_POLLS = 50
"""How many a room takes, and a meeting has prepared: each is in every snapshot of the room."""

PollQuestion = Annotated[str, Meta(min_length=1, max_length=MAX_QUESTION_LENGTH)]
PollOption = Annotated[str, Meta(min_length=1, max_length=MAX_OPTION_LENGTH)]
PollOptions = Annotated[tuple[PollOption, ...], Meta(min_length=2, max_length=MAX_POLL_OPTIONS)]
