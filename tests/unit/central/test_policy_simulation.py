"""The simulation keeps within the formula, and the command says what it found."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from central.cli import main
from central.policy_simulation import (
    Assumptions,
    bound_of,
    candidates,
    day_of,
    reachable_points,
    simulate,
)
from loyalty.authorisation.policy import Policy
from tests.support.seeds import fresh_seed

WHO = Assumptions(members=20_000, stores=12, abusers_bp=50)
BY_NAME = {each.name: each.policy for each in candidates(Policy())}


@pytest.mark.parametrize("outage", ["store", "chain"])
@pytest.mark.parametrize("demand", ["balance", "basket", "part", "all"])
def test_no_policy_costs_more_than_its_bound(outage, demand):
    seed = fresh_seed(10**6)
    who = replace(WHO, demand=demand)
    day = day_of(who, seed)
    found = {name: simulate(policy, outage, who, day) for name, policy in BY_NAME.items()}
    for name, result in found.items():
        assert result.over_points <= bound_of(BY_NAME[name], outage, who).total, (name, seed)
        assert 0 <= result.given_points <= result.asked_points, (name, seed)
    assert (found["decline"].approved_points, found["leases only"].over_points) == (0, 0), seed
    assert found["cached balance, no limit"].in_full == found["decline"].asked, seed
    assert found["cached balance, no limit"].over_points > 0, seed
    # A purse adds approvals; its cost in one store is nothing, in a torn chain it is something.
    assert found["leases + purse"].given_points > found["leases only"].given_points, seed
    assert (found["leases + purse"].over_points > 0) == (outage == "chain"), seed
    assert found["leases + purse"].over_points <= found["leases + purse, any store"].over_points


def test_a_worst_member_is_the_purse_in_all_but_one_of_its_stores():
    rich = replace(WHO, balance_median=1_000_000, balance_sigma_pct=0)
    policy = BY_NAME["leases + purse"]
    result = simulate(policy, "chain", rich, day_of(rich, 1))
    # Leases 6,000 and 2,000 of 10,000 and three times a purse of 100 are within the balance.
    assert result.worst_member == 0
    poor = replace(WHO, balance_median=10_000, balance_sigma_pct=0, abuser_visits=7)
    result = simulate(policy, "chain", poor, day_of(poor, 1))
    assert result.worst_member == 4_000
    assert "cache" not in result.by_layer


@pytest.mark.parametrize("outage", ["store", "chain"])
def test_no_leases_and_no_purse_of_three_stores_reach_beyond_those_stores(outage):
    """What binds the approvals by value is where members go, not how the points are shared."""
    seed = fresh_seed(10**6)
    day = day_of(WHO, seed)
    near, asked = reachable_points(day, outage)
    assert 0 < near < asked, seed
    for shares in ((6_000, 2_000, 2_000), (8_000, 0, 2_000), (4_000, 1_000, 5_000)):
        home, second, purse = shares
        policy = replace(
            *(BY_NAME["leases + purse"],),
            lease_home_bp=home,
            lease_second_bp=second,
            purse_share_bp=purse,
            purse_max_points=1_000_000,
        )
        assert simulate(policy, outage, WHO, day).given_points <= near, seed


@pytest.mark.parametrize("outage", ["store", "chain"])
def test_a_page_that_asks_for_the_store_approves_more_and_costs_nothing_more(outage):
    seed = fresh_seed(10**6)
    day = day_of(WHO, seed)
    policy = BY_NAME["leases + purse"]
    plain = simulate(policy, outage, WHO, day)
    asked = simulate(policy, outage, WHO, day, asks_store=True)
    assert asked.given_points > plain.given_points, seed
    assert asked.over_points == plain.over_points, seed
    assert asked.over_points <= bound_of(policy, outage, WHO).total, seed


def test_a_member_without_a_page_has_the_lease_alone():
    who = replace(WHO, page_bp=0)
    day = day_of(who, 3)
    alone, both = (
        simulate(BY_NAME[n], "chain", who, day) for n in ("leases only", "leases + purse")
    )
    assert (alone.given_points, alone.in_full) == (both.given_points, both.in_full)


SMALL = ["policy", "simulate", "--members", "4000", "--stores", "6", "--seeds", "2"]


def test_the_command(capsys, tmp_path):
    picture = tmp_path / "plot.svg"
    assert main([*SMALL, "--plot", str(picture)]) == 0
    shown = capsys.readouterr().out
    assert "One store out for a day" in shown
    assert "Every store alone" in shown
    assert "any part of their balance up to 50 %" in shown
    assert "Assumptions, not data" in shown
    root = ElementTree.fromstring(picture.read_text(encoding="utf-8"))
    labels = {node.text for node in root.iter("{http://www.w3.org/2000/svg}text")}
    assert set(BY_NAME) - {"decline"} <= labels

    assert main([*SMALL, "--outage", "chain", "--json", "--set", "purse_max_points=0"]) == 0
    found = json.loads(capsys.readouterr().out)
    lines = {line["policy"]: line for line in found["lines"]}
    assert {line["outage"] for line in lines.values()} == {"chain"}
    assert lines["leases + purse"]["over"] == lines["leases only"]["over"] == [0, 0, 0]
    assert found["policy"]["purse_max_points"] == 0
    assert main([*SMALL, "--set", "purse_any_store=1", "--outage", "store"]) == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("colour=1", "colour is none of"),
        ("purse_max_points=-1", "NAME=NUMBER"),
        ("purse_max_points", "NAME=NUMBER"),
        ("purse_stores=9", "purse_stores must be"),
        ("lease_home_bp=9000", "over the whole"),
    ],
)
def test_figures_that_cannot_be(capsys, change, says):
    assert main([*SMALL, "--set", change]) == 2
    assert says in capsys.readouterr().err


def test_a_picture_that_cannot_be_written(capsys, tmp_path):
    assert main([*SMALL, "--plot", str(tmp_path / "none" / "plot.svg")]) == 2
    assert "No such file" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["policy", "simulate", "--stores", "3"])
