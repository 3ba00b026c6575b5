"""A reference as one HTML page that needs nothing else: contents, a filter, light and dark, desktop and phone.

Its styles and its script stand in it, and its policy (Content Security Policy Level 3, 2.3.1) allows these two by their
digests and nothing besides: what a text brings in does not run, and no other host is asked for anything.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from msgspec import Struct

CONTENT_TYPE: Final = "text/html; charset=utf-8"
_FOLDER: Final = Path(__file__).parent


class ReferencePage(Struct, frozen=True, kw_only=True):
    """``policy``: the value of Content-Security-Policy that it is to be served with."""

    text: str
    policy: str


def reference_page(*, title: str, contents: Iterable[str], body: str, placeholder: str) -> ReferencePage:
    """The page. ``contents`` are links to parts (class ``h2``) and entries (``h3``) as HTML. In ``body`` parts begin
    with an ``h2``, entries with an ``h3`` or are sections of their own; ``placeholder`` says what can be filtered for.
    """
    styles = _file("page.css")
    script = _file("page.js")
    filled = _file("page.html")
    # The last one first: what is put in is not looked at again.
    for name, text in (
        ("script", script),
        ("body", body),
        ("contents", "\n".join(contents)),
        ("placeholder", html.escape(placeholder)),
        ("styles", styles),
        ("title", html.escape(title)),
    ):
        before, _, after = filled.partition(f"{{{name}}}")
        filled = f"{before}{text}{after}"
    policy = {
        "default-src": "'none'",
        "style-src": _digest(styles),
        "script-src": _digest(script),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return ReferencePage(text=filled, policy="; ".join(f"{name} {value}" for name, value in policy.items()))


def _file(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
