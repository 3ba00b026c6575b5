"""``python -m infra.costs``: the tables of docs/operations/costs.md; ``--write`` puts them there."""

from __future__ import annotations

import re
import sys
from typing import Final

from infra.costs.limits import LIMITS
from infra.costs.model import bill
from infra.local.settings import ROOT

PARTICIPANTS: Final = (100, 10_000, 1_000_000)
PAGE: Final = ROOT / "docs/operations/costs.md"
_BETWEEN: Final = re.compile(r"(<!-- written by python -m infra\.costs -->\n).*?(<!-- end -->)", re.DOTALL)


def _number(value: float) -> str:
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def tables() -> str:
    """Both, in Markdown."""
    bills = [bill(count) for count in PARTICIPANTS]
    head = "| | " + " | ".join(f"{count:,}" for count in PARTICIPANTS) + " |\n|---|" + "---:|" * len(bills) + "\n"
    rows: list[tuple[str, list[float]]] = [
        ("gigabits a second to participants", [each.egress_gbit_s for each in bills]),
        ("packets a second", [each.packets_a_second for each in bills]),
        ("films composed at once, for recordings and streams out", [each.films for each in bills]),
        ("media nodes (c7gn.xlarge)", [each.nodes for each in bills]),
        ("gateways (c7g.xlarge)", [each.gateways for each in bills]),
        ("joins a second at the full hour", [each.joins_a_second for each in bills]),
        *((f"{name}, $", [each.costs[name] for each in bills]) for name in bills[0].costs),
        ("**a month, $**", [each.total for each in bills]),
        ("an hour of one participant, $", [each.a_participant_hour for each in bills]),
    ]
    cells_of = {name: " | ".join(_cell(name, value) for value in values) for name, values in rows}
    text = head + "".join(f"| {name} | {cells} |\n" for name, cells in cells_of.items())
    text += "\n| Limit | By default | " + " | ".join(f"{count:,}" for count in PARTICIPANTS) + " | Past it |\n"
    text += "|---|---:|" + "---:|" * len(bills) + "---|\n"
    for limit in LIMITS:
        wanted = [limit.wanted(each) for each in bills]
        cells = [f"**{_number(value)}**" if value > limit.allowed else _number(value) for value in wanted]
        text += f"| {limit.name} | {_number(limit.allowed)} | {' | '.join(cells)} | {limit.plan} |\n"
    return text


def _cell(name: str, value: float) -> str:
    return f"{value:.4f}" if name.startswith("an hour") else _number(value)


def page(text: str) -> str:
    """The page with the tables as they are now."""
    return _BETWEEN.sub(lambda found: found[1] + tables() + found[2], text)


def main() -> None:
    if "--write" in sys.argv:
        PAGE.write_text(page(PAGE.read_text()))
    else:
        sys.stdout.write(tables())


if __name__ == "__main__":
    main()
