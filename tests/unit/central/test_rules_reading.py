"""`rules check`, `diff` and `explain`: what people read, and the same as JSON."""

import copy
import json

import pytest

from central.cli import main
from central.rules_advice import ADVICE
from central.rules_words import field_words, money, percent, value_words
from edge_agent.demo_data import loader
from sync.contract.rule_findings import CONFLICTS
from sync.contract.rule_reading import REFUSALS

CHEESE = {"groups": ["cheese"], "label": {"uk": "сир", "en": "cheese"}}
RULES = {
    "group_parents": {"cheese": "dairy", "dairy": None, "bread": None},
    "programme": {"redeem_max_share_bp": 5_000},
    "promotions": [
        {
            "promotion_id": "cheese-20",
            "name": {"uk": "Сир: від 2 шт. −20 %", "en": "Cheese: 2 or more −20%"},
            "effect": {"kind": "percent", "target": CHEESE, "percent_bp": 2000},
            "conditions": [{"kind": "scope_quantity", "scope": CHEESE, "at_least": 2}],
            "caps": {"per_receipt_minor": 3_000, "is_partial": True},
        },
        {
            "promotion_id": "earn-5",
            "name": {"uk": "Бонуси 5 %", "en": "5% back"},
            "effect": {"kind": "accrue_percent", "target": {"all": True}, "percent_bp": 500},
        },
        {
            "promotion_id": "evening",
            "name": {"uk": "Вечірній хліб", "en": "Evening bread"},
            "effect": {"kind": "percent", "target": {"groups": ["bread"]}, "percent_bp": 1500},
            "conditions": [{"kind": "time_window", "from_time": "19:00", "until_time": "22:00"}],
        },
    ],
}


@pytest.fixture
def call(capsys):
    def run(*arguments, code=0):
        assert main(["rules", *map(str, arguments)]) == code
        return capsys.readouterr().out

    return run


@pytest.fixture
def rules(tmp_path):
    """Writes a rule file; its path."""

    def write(body=RULES, name="rules.json"):
        path = tmp_path / name
        path.write_text(json.dumps(body, ensure_ascii=False), encoding="utf-8")
        return path

    return write


def changed(change):
    body = copy.deepcopy(RULES)
    change(body)
    return body


# --- check ------------------------------------------------------------------------------------


def test_every_finding_has_its_advice():
    of_files = set(REFUSALS) & set(ADVICE)
    assert set(ADVICE) == set(CONFLICTS) | of_files
    assert {"bad_json", "unknown_field", "missing_field", "bad_value", "group_cycle"} <= of_files


def test_a_sound_file(call, rules):
    assert "nothing is wrong with it" in call("check", rules())
    assert json.loads(call("check", rules(), "--json"))["ok"]


def test_findings_have_a_place_and_what_to_do(call, rules):
    def spoil(body):
        body["promotions"][1]["effect"]["percent_bp"] = 20_000
        body["promotions"][2]["conditions"][0]["until_time"] = "19:00"

    path = rules(changed(spoil))
    told = call("check", path, code=1)
    assert "error    promotions[1].effect.percent_bp (earn-5): " in told
    assert "[accrual_over_100]\n         -> lower it" in told
    assert "promotions[2].conditions[0]" in told
    found = json.loads(call("check", path, "--json", code=1))
    assert [each["code"] for each in found["findings"]] == ["accrual_over_100", "empty_window"]
    assert all(each["advice"] for each in found["findings"])


def test_a_file_that_cannot_be_read_says_where(call, rules):
    path = rules(changed(lambda body: body["promotions"][0].update(prioritty=5)))
    told = call("check", path, code=1)
    assert "error    promotions[0].prioritty: " in told
    assert "[unknown_field]\n         -> remove it" in told
    assert json.loads(call("check", path, "--json", code=1))["code"] == "unknown_field"


# --- diff -------------------------------------------------------------------------------------


def test_the_same_rules_written_differently_are_the_same(call, rules):
    verbose = changed(lambda body: body["promotions"][0].update(priority=0, stores=[]))
    assert "the rules are the same" in call("diff", rules(), rules(verbose, "b.json"))


def test_changes_are_said_by_promotion_and_field(call, rules):
    def change(body):
        first, earn, evening = body["promotions"]
        first["effect"]["percent_bp"] = 2_550
        first["conditions"][0]["at_least"] = 3
        first["effect"]["target"] = {"groups": ["cheese", "bread"]}
        evening["conditions"].append({"kind": "weekday", "days": [5, 6]})
        evening["effect"] = {
            "kind": "amount",
            "target": {"groups": ["bread"]},
            "amount_minor": 250,
            "per": "unit",
        }
        body["programme"]["redeem_max_share_bp"] = 3_000
        body["group_parents"]["gouda"] = "cheese"
        earn["promotion_id"] = "earn-6"

    after = rules(changed(change), "b.json")
    told = call("diff", rules(), after)
    assert [text for text in told.splitlines() if not text.startswith("     ")] == [
        f"{rules()} -> {after}",
        "~ programme",
        "    redeem max share: 50 % -> 30 %",
        "~ goods groups",
        "    gouda added: cheese",
        "- earn-5 «Бонуси 5 %»",
        "    effect: accrue percent (target all yes, percent 5 %)",
        "+ earn-6 «Бонуси 5 %»",
        "    effect: accrue percent (target all yes, percent 5 %)",
        "~ cheese-20 «Сир: від 2 шт. −20 %»",
        "    effect target groups: added bread",
        *(text for text in told.splitlines() if text.startswith("    effect target label")),
        "    effect percent: 20 % -> 25.5 %",
        "    condition 1 at least: 2 -> 3",
        "~ evening «Вечірній хліб»",
        *(text for text in told.splitlines() if text.startswith("    effect: percent (")),
        "    condition 2 added: weekday (days 5, 6)",
    ]
    assert "-> amount (target groups bread, amount UAH 2.50, per unit)" in told
    found = json.loads(call("diff", rules(), after, "--json"))
    assert not found["same"]
    assert [each["promotion_id"] for each in found["changed"]] == ["cheese-20", "evening"]
    percents = [each for each in found["changed"][0]["fields"] if "percent" in each["field"]]
    assert [(each["field"], each["before"], each["after"]) for each in percents] == [
        ("effect.percent_bp", 2_000, 2_550)
    ]


def test_a_new_order_is_a_change(call, rules):
    turned = changed(lambda body: body["promotions"].reverse())
    assert "~ the order" in call("diff", rules(), rules(turned, "b.json"))


def test_words():
    assert (money(-123_405), percent(1050), percent(-5)) == ("-1234.05", "10.5 %", "-0.05 %")
    assert field_words("conditions[0].at_least_minor") == "condition 1 at least"
    assert value_words("caps.per_receipt_minor", 3_000) == "UAH 30.00"
    assert value_words("effect.points", 150) == "1.5 bonuses"
    assert value_words("skus", [str(n) for n in range(15)]).endswith("and 3 more")


# --- explain ----------------------------------------------------------------------------------


def basket(*pieces):
    lines = [
        {
            "line_id": f"L{number}",
            "sku": f"s{number}",
            "name": "Сир Гауда",
            "qty_milli": 1000 * count,
            "unit_price_minor": price,
            "sum_minor": price * count,
            "groups": [group],
        }
        for number, (group, count, price) in enumerate(pieces, 1)
    ]
    return {"lines": lines}


@pytest.fixture
def explain(call, rules, tmp_path):
    def run(body, *options, member=None, code=0):
        path = tmp_path / "basket.json"
        path.write_text(json.dumps(body), encoding="utf-8")
        if member is not None:
            (tmp_path / "m.json").write_text(json.dumps(member), encoding="utf-8")
            options = (*options, "--member", tmp_path / "m.json")
        return call("explain", rules(), "--basket", path, *options, code=code)

    return run


def test_every_promotion_has_its_reason(explain):
    body = basket(("cheese", 2, 10_000), ("bread", 1, 3_000))
    member = {"member_id": 7, "balance_points": 5_000}
    noon = ("--at", "2026-11-20T12:00", "--json")
    found = json.loads(explain(body, *noon, member=member))
    rows = {each["promotion_id"]: each for each in found["promotions"]}
    cheese, earn, evening = rows["cheese-20"], rows["earn-5"], rows["evening"]
    assert (cheese["status"], cheese["amount_minor"], cheese["units"]) == ("fired", 3_000, 2)
    assert "per_receipt" in cheese["cap"]
    assert (earn["status"], earn["points"]) == ("fired", 1_000)
    assert (evening["status"], evening["reason"]) == ("not_met", "time_window")
    assert (evening["seen"], evening["needed"]) == ("12:00", "19:00-22:00")
    assert "19:00" in evening["sentence"]
    assert [each["shares"] for each in found["lines"]] == [{"cheese-20": 3_000}, {}]
    assert sum(each["paid_minor"] for each in found["lines"]) == found["totals"]["payable_minor"]
    assert found["at"] == "2026-11-20T12:00:00+02:00"
    redeemed = json.loads(explain(body, *noon, "--redeem", "max", member=member))["totals"]
    assert (redeemed["redeemed_points"], redeemed["payable_minor"]) == (5_000, 15_000)


def test_the_table_says_it_to_people(explain):
    told = explain(basket(("cheese", 1, 10_000)), "--at", "2026-11-20T20:00+02:00")
    head = next(text for text in told.splitlines() if text.startswith("cheese-20"))
    assert "not met" in head
    assert "ще 1 шт." in head
    assert "потрібна картка" in told
    assert "total" in told
    english = explain(basket(("bread", 1, 1_000)), "--locale", "en", "--at", "2026-11-20T20:00")
    assert "evening «Evening bread»" in english
    assert "1.50" in english


def test_the_body_of_an_open_call_is_a_basket_too(explain):
    body = {"cashier_id": "7", "basket": basket(("bread", 1, 1_000))}
    assert json.loads(explain(body, "--json"))["totals"]["gross_minor"] == 1_000


@pytest.mark.parametrize(
    ("body", "member"),
    [
        ({"lines": [{"sku": "x"}]}, None),
        ([], None),
        (basket(("cheese", 1, -5)), None),
        (basket(("cheese", 10**9, 10)), None),
        ({"lines": basket(("cheese", 1, 5))["lines"] * 2}, None),
        (basket(("cheese", 1, 5)), {"member_id": 0}),
        (basket(("cheese", 1, 5)), {"member_id": 1, "groups": 5}),
    ],
)
def test_a_bad_basket_or_member_is_named(explain, body, member):
    assert explain(body, member=member, code=2) == ""


def test_the_demo_shop_explains_itself(call, tmp_path):
    path = tmp_path / "rules.json"
    path.write_bytes(loader.rules())
    shape = loader.basket_of(loader.basket_shapes()[3], loader.goods())
    lines = [
        {
            "line_id": item.line_id,
            "sku": item.sku,
            "name": item.name,
            "qty_milli": item.qty_milli,
            "unit": item.unit,
            "unit_price_minor": item.unit_price_minor,
            "sum_minor": item.sum_minor,
            "groups": list(item.groups),
            "tags": list(item.tags),
        }
        for item in shape.lines
    ]
    (tmp_path / "b.json").write_text(json.dumps({"lines": lines}), encoding="utf-8")
    found = json.loads(call("explain", path, "--basket", tmp_path / "b.json", "--json"))
    promotions = json.loads(loader.rules())["promotions"]
    assert {each["promotion_id"] for each in found["promotions"]} == {
        each["promotion_id"] for each in promotions
    }
    assert all(each["sentence"] for each in found["promotions"])
