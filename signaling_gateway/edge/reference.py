"""The event reference over HTTP: as an AsyncAPI document for tools, and as a page for people."""

from __future__ import annotations

import functools
import itertools
import re

import msgspec
from markdown_it import MarkdownIt
from markdown_it.token import Token

from reference_pages.page import ReferencePage, reference_page
from signaling_gateway import asyncapi, event_reference

_SHOWN = {
    "<table>": '<div class="table"><table>',
    "</table>": "</table></div>",
    "<th></th>": "<th>Notes</th>",
    "<pre>": '<pre tabindex="0">',
}
"""What Markdown cannot say: wide things are scrolled, by the keyboard too, and each column has a name."""


@functools.cache
def asyncapi_json() -> bytes:
    """The AsyncAPI document."""
    return msgspec.json.encode(asyncapi.document())


@functools.cache
def event_page() -> ReferencePage:
    """The reference as a page."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    text = re.sub(r"<!--.*?-->\n*", "", event_reference.render(), flags=re.DOTALL)
    # Other pages of the documentation are not served here.
    tokens = parser.parse(re.sub(r"\[([^\]]+)\]\((?!#)[^)]+\)", r"\1", text))
    contents = [*_name_headings(tokens), '<a class="h2" href="/asyncapi.json">AsyncAPI document</a>']
    body = parser.renderer.render(tokens, parser.options, {})
    for written, shown in _SHOWN.items():
        body = body.replace(written, shown)
    return reference_page(
        title="Parley: event reference", contents=contents, body=body, placeholder="Command, event, type"
    )


def _name_headings(tokens: list[Token]) -> list[str]:
    """Gives sections and their entries ids to link to; the links to them."""
    links: list[str] = []
    for opening, inline in itertools.pairwise(tokens):
        if opening.type != "heading_open" or opening.tag == "h1":
            continue
        title = inline.content.replace("`", "")
        slug = title.lower().replace(" ", "-")
        opening.attrSet("id", slug)
        shown = f"<code>{title}</code>" if opening.tag == "h3" else title
        links.append(f'<a class="{opening.tag}" href="#{slug}">{shown}</a>')
    return links
