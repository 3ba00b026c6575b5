"""The examples of an OpenAPI document as they are typed and read: a request for curl, and its answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

Described = Mapping[str, Any]


def request_text(method: str, path: str, operation: Described) -> str:
    """The operation's request, as a shell takes it (curl 7.82 or newer)."""
    variables = {each["name"]: each["example"] for each in operation.get("parameters", ()) if each["in"] == "path"}
    url = re.sub(r"{(\w+)}", lambda found: quote(str(variables[found[1]]), safe=""), path)
    lines = [f'curl -s "$PARLEY{url}"']
    if any("access_token" in requirement for requirement in operation["security"]):
        lines.append('-H "Authorization: Bearer $TOKEN"')
    content = operation.get("requestBody", {}).get("content", {})
    body = next(iter(content.values()))["example"] if content else None
    if body is not None:
        quoted = json.dumps(body, ensure_ascii=False, indent=2).replace("'", "'\\''")
        lines.append(f"--json '{quoted}'")
    usual = "get" if body is None else "post"
    if method != usual:
        lines[0] = f'curl -s -X {method.upper()} "$PARLEY{url}"'
    return " \\\n  ".join(lines)


def answer_text(answers: Mapping[str, Described]) -> str:
    """The first of the answers that has an example."""
    for status, described in answers.items():
        for content in described.get("content", {}).values():
            if "example" in content:
                return f"{status}\n{json.dumps(content['example'], ensure_ascii=False, indent=2)}"
    return ""
