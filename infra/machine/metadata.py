"""What an EC2 instance knows of itself (instance metadata service, version 2)."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import Final

ADDRESS: Final = "http://169.254.169.254"
_TIMEOUT_S: Final = 2.0


class Metadata:
    """``address``: the service's; it is the same on every instance."""

    def __init__(self, address: str = ADDRESS) -> None:
        self._address = address
        # Never through a proxy: the answer is this machine's own.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def about(self, path: str) -> str | None:
        """One fact, such as ``public-ipv4``; None if the instance has no such thing.

        Raises:
            OSError: there is no metadata service.
        """
        request = urllib.request.Request(  # noqa: S310  (an http address of one's own)
            f"{self._address}/latest/api/token", method="PUT", headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"}
        )
        token = self._ask(request)
        try:
            return self._ask(
                urllib.request.Request(  # noqa: S310
                    f"{self._address}/latest/meta-data/{path}", headers={"X-aws-ec2-metadata-token": token}
                )
            )
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def _ask(self, request: urllib.request.Request) -> str:
        with self._opener.open(request, timeout=_TIMEOUT_S) as answer:
            text: str = answer.read().decode()
            return text
