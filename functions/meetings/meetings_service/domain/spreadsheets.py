"""What people wrote, in tables that spreadsheets open. Pure."""

from __future__ import annotations

import re
from typing import Final

_FORMULA: Final = re.compile("(^|[;,])(?=[-=+@\t\r\n\uff1d\uff0b\uff0d\uff20])")
"""Where a spreadsheet may take a formula to begin, the last four in full width: with a cell. Some begin one after each
semicolon, whatever separates the columns."""


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula (CWE-1236): with an apostrophe before what would be one."""
    return _FORMULA.sub(r"\1'", text)
