"""The event reference over HTTP: as an AsyncAPI document for tools, and as a page for people."""

from __future__ import annotations

import functools
import itertools
import re
from pathlib import Path

import msgspec
from markdown_it import MarkdownIt
from markdown_it.token import Token

from signaling_gateway import asyncapi, event_reference

_TEMPLATE = Path(__file__).with_name("reference.html")


@functools.cache
def asyncapi_json() -> bytes:
    """The AsyncAPI document."""
    return msgspec.json.encode(asyncapi.document())


@functools.cache
def reference_page() -> bytes:
    """The reference as HTML, with a table of contents."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    text = re.sub(r"<!--.*?-->\n*", "", event_reference.render(), flags=re.DOTALL)
    # Other pages of the documentation are not served here.
    tokens = parser.parse(re.sub(r"\[([^\]]+)\]\((?!#)[^)]+\)", r"\1", text))
    contents = list(_name_headings(tokens))
    page = _TEMPLATE.read_text(encoding="utf-8")
    body = parser.renderer.render(tokens, parser.options, {})
    body = body.replace("<table>", '<div class="table"><table>').replace("</table>", "</table></div>")
    return page.replace("{contents}", "\n".join(contents)).replace("{body}", body).encode()


def _name_headings(tokens: list[Token]) -> list[str]:
    """Gives sections and their entries ids to link to; the links to them."""
    links: list[str] = []
    for opening, inline in itertools.pairwise(tokens):
        if opening.type != "heading_open" or opening.tag == "h1":
            continue
        title = inline.content.replace("`", "")
        slug = title.lower().replace(" ", "-")
        opening.attrSet("id", slug)
        links.append(f'<a class="{opening.tag}" href="#{slug}">{title}</a>')
    return links
