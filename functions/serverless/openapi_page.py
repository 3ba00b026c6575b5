"""An OpenAPI document as a page: its operations in their groups, what they may be refused with, and the types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from http import HTTPStatus
from typing import Any

from functions.serverless.openapi_requests import answer_text, request_text
from functions.serverless.openapi_types import PREFIX, Types, prose
from reference_pages.page import ReferencePage, reference_page

Described = Mapping[str, Any]
_FEW = 8
"""So many operations that have a code are named beside it."""


class _Operation:
    """An operation of the document, with its path and method."""

    def __init__(self, path: str, method: str, described: Described) -> None:
        self.path = path
        self.method = method
        self.described = described
        self.id = str(described["operationId"])
        responses: Mapping[str, Described] = described["responses"]
        self.done = {status: each for status, each in responses.items() if status < "400"}
        self.refusals = {status: _codes_of(each) for status, each in responses.items() if status >= "400"}

    @property
    def heading(self) -> str:
        """Method and path."""
        return f"{_verb(self.method)} <code>{escape(self.path)}</code>"


def page_of(document: Described, *, address: str) -> ReferencePage:
    """The page of a document, which is served at ``address``."""
    types = Types(document["components"]["schemas"])
    operations = [
        _Operation(path, method, described)
        for path, methods in document["paths"].items()
        for method, described in methods.items()
    ]
    parts = [*_groups(document["tags"], operations, types), _problems(operations, types), _types(types)]
    contents = [f'<a class="h2" href="{escape(address)}">OpenAPI document</a>', *(part.links for part in parts)]
    body = [_introduction(document, types, address), *(part.html for part in parts)]
    return reference_page(
        title=document["info"]["title"],
        contents=contents,
        body="\n".join(body),
        placeholder="Path, name, code, field",
    )


class _Part:
    """A part of the page, and the links to it and its entries."""

    def __init__(self, title: str, lead: str, entries: Sequence[tuple[str, str, str]]) -> None:
        """``entries``: id, the link's text and the HTML of each."""
        anchor = f"part-{re.sub(r'[^a-z]+', '-', title.lower())}"
        links = (f'<a class="h3" href="#{escape(each)}">{text}</a>' for each, text, _ in entries)
        self.links = "\n".join([f'<a class="h2" href="#{anchor}">{escape(title)}</a>', *links])
        heading = f'<h2 id="{anchor}">{escape(title)}</h2>\n{lead}'
        self.html = "\n".join(
            [heading, *(f'<section id="{escape(each)}">\n{html}\n</section>' for each, _, html in entries)]
        )


def _introduction(document: Described, types: Types, address: str) -> str:
    info = document["info"]
    paragraphs = "".join(f"<p>{prose(text, types)}</p>" for text in info["description"].split("\n\n"))
    schemes = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{prose(scheme['description'], types)}</td></tr>"
        for name, scheme in document["components"]["securitySchemes"].items()
    )
    return (
        f"<h1>{escape(info['title'])}</h1>\n"
        f'<p class="access">Version {escape(info["version"])} · for tools: <a href="{escape(address)}">the OpenAPI '
        f"{escape(document['openapi'])} document</a> that this page is made from</p>\n{paragraphs}\n"
        '<div class="table"><table><thead><tr><th>Who one is</th><th>How it is shown</th></tr></thead>'
        f"<tbody>{schemes}</tbody></table></div>\n"
        "<p>In the examples <code>$PARLEY</code> is the platform's address, and <code>$TOKEN</code> an access "
        "token.</p>"
    )


def _groups(tags: Sequence[Described], operations: Sequence[_Operation], types: Types) -> Iterator[_Part]:
    for tag in tags:
        own = [operation for operation in operations if tag["name"] in operation.described["tags"]]
        entries = [
            (each.id, f"{_verb(each.method)}<span>{_short(each)}</span>", _operation(each, types)) for each in own
        ]
        yield _Part(tag["name"], f"<p>{prose(tag['description'], types)}</p>", entries)


def _short(operation: _Operation) -> str:
    """A path without what all of the API's paths begin with, to be read in a narrow column."""
    return escape(re.sub(r"^/v1", "", operation.path))


def _operation(operation: _Operation, types: Types) -> str:
    described = operation.described
    parts = [
        f'<h3><a href="#{operation.id}">{operation.heading}</a></h3>',
        f"<p>{prose(described['summary'], types)}.</p>",
        f'<p class="access">{_access(described["security"])} {prose(described.get("description", ""), types)}</p>',
    ]
    parameters = described.get("parameters", ())
    if parameters:
        rows = (
            (
                f"<code>{escape(each['name'])}</code>",
                types.name_of(each["schema"]),
                "required" if each["required"] else types.default_of(each["schema"]),
                prose(_joined(_PLACES[each["in"]], each.get("description"), types.note_of(each["schema"])), types),
            )
            for each in parameters
        )
        parts += ["<h4>Parameters</h4>", _table(("Name", "Type", "Default", "Notes"), rows)]
    if "requestBody" in described:
        content = described["requestBody"]["content"]
        schema = next(iter(content.values()))["schema"]
        kinds = " or ".join(f"<code>{escape(kind)}</code>" for kind in content)
        text = types.text_of(str(schema["$ref"]).removeprefix(PREFIX))
        parts += [f"<h4>Body: {types.name_of(schema)}, as {kinds}</h4>", f"<p>{prose(text, types)}</p>" if text else ""]
        parts.append(types.table_of(schema))
    answers = (
        (f'<span class="status">{status}</span>', _answer(each, types), prose(each["description"], types))
        for status, each in operation.done.items()
    )
    parts += [
        "<h4>Answers</h4>",
        _table(("Status", "Body", "Notes"), answers),
        _refusals(operation),
        _example(operation),
    ]
    return "\n".join(parts)


_PLACES = {"path": "In the path.", "query": "In the query.", "header": "A header field."}


def _answer(described: Described, types: Types) -> str:
    for kind, content in described.get("content", {}).items():
        shown = types.name_of(content["schema"])
        return shown if kind == "application/json" else f"{shown} as <code>{escape(kind)}</code>"
    return "none"


def _access(security: Sequence[Mapping[str, Sequence[str]]]) -> str:
    """Who an operation is for (OpenAPI 3.1, Security Requirement Object): with no requirement, or an empty one among
    others, for anyone."""
    ways = []
    for requirement in security:
        for scheme, scopes in requirement.items():
            needs = " with " + ", ".join(f"<code>{escape(scope)}</code>" for scope in scopes) if scopes else ""
            ways.append(f"<code>{escape(scheme)}</code>{needs}")
    if not ways:
        return "For anyone."
    return ("For anyone, or by " if {} in security else "By ") + " or ".join(ways) + "."


def _refusals(operation: _Operation) -> str:
    rows = (
        (
            f'<span class="status">{status}</span>',
            "".join(f'<li><a href="#code-{code}"><code>{code}</code></a></li>' for code in codes),
        )
        for status, codes in operation.refusals.items()
    )
    cells = ((status, f'<ul class="codes">{codes}</ul>') for status, codes in rows)
    told = ", ".join(operation.refusals)
    return f"<details><summary>Problems: {told}</summary>\n{_table(('Status', 'Codes'), cells)}\n</details>"


def _example(operation: _Operation) -> str:
    request = request_text(operation.method, operation.path, operation.described)
    answer = answer_text(operation.done)
    shown = "\n".join(f'<pre tabindex="0">{escape(text)}</pre>' for text in (request, answer) if text)
    return f"<details><summary>Example</summary>\n{shown}\n</details>"


def _problems(operations: Sequence[_Operation], types: Types) -> _Part:
    """Every code by its status, with the operations that may be refused with it where these are few."""
    told: dict[str, dict[str, list[_Operation]]] = {}
    for operation in operations:
        for status, codes in operation.refusals.items():
            for code in codes:
                told.setdefault(status, {}).setdefault(code, []).append(operation)
    entries = []
    for status in sorted(told):
        title = f"{status} {HTTPStatus(int(status)).phrase}"
        rows = (
            (f'<a id="code-{code}"></a><code>{code}</code>', _tellers(by, len(operations)))
            for code, by in sorted(told[status].items())
        )
        html = f'<h3><a href="#status-{status}">{title}</a></h3>\n{_table(("Code", "Told by"), rows)}'
        entries.append((f"status-{status}", escape(title), html))
    return _Part("Problems", f"<p>{prose('The body of each is a `Problem`.', types)}</p>", entries)


def _tellers(operations: Sequence[_Operation], of_all: int) -> str:
    if len(operations) > _FEW:
        return f"{len(operations)} of {of_all} operations"
    return ", ".join(f'<a href="#{each.id}">{escape(each.id)}</a>' for each in operations)


def _types(types: Types) -> _Part:
    entries = []
    for name in types:
        anchor, title = types.anchor_of(name), types.title_of(name)
        schema = {"$ref": f"{PREFIX}{name}"}
        html = f'<h3><a href="#{escape(anchor)}"><code>{escape(title)}</code></a></h3>\n'
        html += f"<p>{prose(types.text_of(name), types)}</p>\n{types.table_of(schema)}"
        entries.append((anchor, f"<code>{escape(title)}</code>", html))
    return _Part("Types", "", entries)


def _codes_of(response: Described) -> tuple[str, ...]:
    [content] = response["content"].values()
    codes: Sequence[str] = content["schema"]["properties"]["code"]["enum"]
    return tuple(codes)


def _verb(method: str) -> str:
    return f'<span class="verb {escape(method)}">{escape(method.upper())}</span>'


def _joined(*texts: str | None) -> str:
    return " ".join(text for text in texts if text)


def _table(names: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th>{name}</th>" for name in names)
    body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="table"><table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>'
