"""The meeting service's function that is told of accounts (AWS Lambda, Invoke)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from contracts.account_standing import AccountNews, AccountNewsTaken

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class FunctionFailedError(Exception):
    """The function has raised an error, or there is more to do than it did. The same news may be told again."""


class AccountsFunction:
    """``name``: the function's; empty where there is none, and nobody is told."""

    def __init__(self, client: Callable[[], LambdaClient], name: str) -> None:
        self._client = client
        self._name = name

    def tell(self, news: AccountNews, *, turns: int = 4) -> None:
        """Tells it, some times until all is done.

        Raises:
            FunctionFailedError: it is not, after so many turns, or there was an error.
            Exception: the function could not be reached.
        """
        if not self._name:
            return
        payload = msgspec.json.encode(news)
        for _ in range(turns):
            answer = self._client().invoke(FunctionName=self._name, InvocationType="RequestResponse", Payload=payload)
            body = answer["Payload"].read()
            if answer.get("FunctionError"):
                raise FunctionFailedError(body[:500].decode("utf-8", "replace"))
            if msgspec.json.decode(body, type=AccountNewsTaken).done:
                return
        raise FunctionFailedError("there is more to do")
