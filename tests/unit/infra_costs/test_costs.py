"""The model of costs: more participants never cost less, traffic has tiers, and the page says what the model says."""

from __future__ import annotations

import pytest

from infra.costs.__main__ import PAGE, PARTICIPANTS, page
from infra.costs.limits import LIMITS
from infra.costs.model import Assumed, Measured, Prices, bill, tiered


def test_the_page_has_what_the_model_says() -> None:
    text = PAGE.read_text()
    assert page(text) == text, "python -m infra.costs --write"


def test_each_tier_has_its_price() -> None:
    assert tiered(15, ((10, 1.0), (20, 0.5))) == 10 + 2.5
    assert tiered(0, Prices().out_gb) == 0


@pytest.mark.parametrize("part", bill(100).costs)
def test_more_participants_cost_no_less(part: str) -> None:
    costs = [bill(count).costs[part] for count in PARTICIPANTS]
    assert costs == sorted(costs)


def test_a_participants_hour_costs_less_where_there_are_many() -> None:
    hours = [bill(count).a_participant_hour for count in PARTICIPANTS]
    assert hours == sorted(hours, reverse=True)


def test_nodes_follow_what_a_packet_costs() -> None:
    slow = bill(1_000_000, Measured(node_cpu_us_per_packet=28))
    assert slow.nodes - bill(1_000_000, Measured(node_cpu_us_per_packet=0)).nodes == pytest.approx(
        1_000_000 * 200 * 28e-6 / (4 * Assumed().fill), abs=1
    )


def test_nodes_follow_what_a_film_costs() -> None:
    two, four = (bill(1_000_000, Measured(composer_cores=cores)).nodes for cores in (2, 4))
    recorded = 1_000_000 / Assumed().meeting_size * Assumed().recorded_share
    assert four - two == pytest.approx(recorded * 2 / (4 * Assumed().fill), abs=1)


def test_every_limit_that_is_met_has_a_way_past_it() -> None:
    met = [limit for limit in LIMITS if limit.wanted(bill(PARTICIPANTS[-1])) > limit.allowed]
    assert met
    assert all(limit.plan for limit in met)
