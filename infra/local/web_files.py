"""The built page, as a content delivery network would serve it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from aiohttp import web

_ONE_YEAR: Final = "public, max-age=31536000, immutable"
_ASK_AGAIN: Final = "no-cache"
"""May be kept, and is asked for again with its ETag each time."""


class WebFiles:
    """Serves a folder. A path without a file is a place in the application.

    Meetings get ``meeting.html``, all other places ``index.html``: the same application, but each names the code that
    its place needs first.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answers GET and HEAD.

        Raises:
            web.HTTPNotFound: a file of the build (a path with a suffix) that is not there.
            web.HTTPMethodNotAllowed: any other method.
        """
        if request.method not in ("GET", "HEAD"):
            raise web.HTTPMethodNotAllowed(request.method, ["GET", "HEAD"])
        file = self._file(request.path)
        # Vite puts a hash of the content into the names below assets/.
        is_hashed = file.parent.name == "assets" and file.parent.parent == self._folder
        return web.FileResponse(file, headers={"Cache-Control": _ONE_YEAR if is_hashed else _ASK_AGAIN})

    def _file(self, path: str) -> Path:
        if "\0" in path:
            raise web.HTTPNotFound
        try:
            file = (self._folder / path.lstrip("/")).resolve()
            is_there = file.is_file()
        except OSError as error:  # a name that is too long for the file system
            raise web.HTTPNotFound from error
        if file.is_relative_to(self._folder) and is_there:
            return file
        if file.suffix or path.startswith("/assets/"):
            raise web.HTTPNotFound
        return self._folder / ("meeting.html" if path.startswith("/m/") else "index.html")
