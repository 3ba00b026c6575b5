"""What a mail says, as plain text and as the same in simple HTML that loads nothing."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Final

from meetings_service.domain.rule_words import Locale

_BRACE: Final = "\ue000"


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text of ours with values of theirs, whatever braces these hold."""
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value.replace("{", _BRACE))
    return text.replace(_BRACE, "{")


class MailBody:
    """A mail's paragraphs, as text and as HTML."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._html: list[str] = []

    def say(self, text: str) -> None:
        self._text.append(text)
        self._html.append(f"<p>{html.escape(text).replace(chr(10), '<br>')}</p>")

    def link(self, label: str, address: str) -> None:
        self._text.append(f"{label}\n{address}")
        escaped = html.escape(address)
        self._html.append(f'<p>{html.escape(label)} <a href="{escaped}">{escaped}</a></p>')

    def links(self, label: str, addresses: Mapping[str, str]) -> None:
        self._text.append("\n".join([label, *(f"{name}: {address}" for name, address in addresses.items())]))
        style = "display: inline-block; padding: 8px 20px; margin: 4px 8px 4px 0; border: 1px solid; border-radius: 6px"
        buttons = (
            f'<a href="{html.escape(address)}" style="{style}">{html.escape(name)}</a>'
            for name, address in addresses.items()
        )
        self._html.append(f"<p>{html.escape(label)}<br>{' '.join(buttons)}</p>")

    def text(self) -> str:
        return "\n\n".join(self._text) + "\n"

    def html(self, locale: Locale) -> str:
        style = "font-family: sans-serif; line-height: 1.5; max-width: 36em"
        paragraphs = "\n".join(self._html)
        return (
            f'<!doctype html>\n<html lang="{locale}">\n<meta charset="utf-8">\n'
            f'<body style="{style}">\n{paragraphs}\n</body>\n</html>\n'
        )
