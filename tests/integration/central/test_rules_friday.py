"""The wrong rule on a Friday, with a real centre and real registers: stop, roll back, who lags,
what it has cost."""

from __future__ import annotations

import copy
import json
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from central.cli import main
from edge_agent.kill_lists import COPIES
from tests.support.flaky_centre import FlakyCentre
from tests.support.live_register import LiveRegister, until
from tests.support.real_centre import RULES, RealCentre, real_centre
from tests.support.rig import answer, line, payment, sell

pytestmark = pytest.mark.postgres
MILK = [line(1, "milk", 10_000, groups=["dairy"])]
WRONG = "dairy10"


@pytest.fixture(scope="module")
def shop() -> Iterator[RealCentre]:
    folder = Path(tempfile.mkdtemp(prefix="friday-"))
    try:
        with real_centre(folder) as running:
            yield running
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def call(shop: RealCentre, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """One `edge-central rules` command; the JSON object it prints."""

    def run(*arguments: str, code: int | None = 0) -> Any:
        capsys.readouterr()
        ended = main(["rules", *arguments, "--data-dir", str(shop.data_dir)])
        assert code in (ended, None)
        return json.loads(capsys.readouterr().out)

    return run


@pytest.fixture
def way(shop: RealCentre) -> Iterator[FlakyCentre]:
    with closing(FlakyCentre(shop.url)) as proxy:
        yield proxy


@pytest.fixture
def register(shop: RealCentre, way: FlakyCentre, tmp_path: Path) -> Iterator[LiveRegister]:
    """Online, with the right rules active and nothing stopped."""
    sequence = shop.publish(RULES)
    identity = shop.identity()
    made = LiveRegister(tmp_path / identity.register_id, identity, way.url)
    made.start()
    made.until_online()
    until("rules", lambda: made.status()["ruleset_active"] == sequence)
    yield made
    made.stop()
    # A register that has gone is "online" for a while yet: it must not count in the next test.
    name = identity.register_id
    revoke = ["revoke", "--register", name, "--reason", "end of the test"]
    assert main([*revoke, "--data-dir", str(shop.data_dir)]) == 0


@pytest.fixture(autouse=True)
def nothing_stays_stopped(call: Callable[..., Any], tmp_path: Path) -> Iterator[None]:
    yield
    file = tmp_path / "rules.json"
    file.write_text(json.dumps(RULES), encoding="utf-8")
    stopped = [each["promotion_id"] for each in _status(call)["stopped"]]
    call("publish", str(file), *(part for name in stopped for part in ("--resume", name)))


def _status(call: Callable[..., Any]) -> Any:
    """`rules status`, whatever its exit code."""
    return call("status", "--json", code=None)


def _row(found: Any, register: LiveRegister) -> Any:
    name = register.identity.register_id
    return next(each for each in found["registers"] if each["register_id"] == name)


def _stored(register: LiveRegister, field: str = "sequence") -> int:
    """Of the kill-list on the register's disk, 0 when there is none."""
    file = register.data_dir / "bundles" / COPIES[1]
    data = file.read_bytes() if file.exists() else b""
    return int(json.loads(data)["row"][field]) if data.startswith(b"{") else 0


def _priced(register: LiveRegister) -> int:
    """Discount of a new receipt that is left without being confirmed."""
    sale_id = str(uuid.uuid4())
    view = answer(register.http.post(f"/v1/sales/{sale_id}/open", json={"basket": {"lines": MILK}}))
    answer(register.http.post(f"/v1/sales/{sale_id}/cancel", json={}))
    return int(view["discount_minor"])


def test_a_stop_reaches_a_connected_register_within_seconds(
    register: LiveRegister, call: Callable[..., Any]
) -> None:
    assert _priced(register) == 1_000
    done = call("stop", WRONG, "--reason", "знижка не на ту групу", "--author", "Ірина")
    until("the stop", lambda: _priced(register) == 0)
    until("the report", lambda: _row(_status(call), register)["state"] == "ok")
    found = call("status", "--json")
    assert found["kill_list"] == done["kill_list"]
    assert _row(found, register)["kill_list_active"] == done["kill_list"]
    assert [(each["promotion_id"], each["reason"]) for each in found["stopped"]] == [
        (WRONG, "знижка не на ту групу")
    ]
    assert found["kill_lists"][0]["author"] == "Ірина"
    again = call("stop", WRONG, "--reason", "ще раз")
    assert (again["was_stopped"], again["kill_list"]) == (True, done["kill_list"])


def test_an_open_receipt_keeps_the_price_that_was_said(
    register: LiveRegister, call: Callable[..., Any]
) -> None:
    sale_id = str(uuid.uuid4())
    url = f"/v1/sales/{sale_id}"
    answer(register.http.post(f"{url}/open", json={"basket": {"lines": MILK}}))
    done = call("stop", WRONG, "--reason", "помилка")
    until("the list on disk", lambda: _stored(register) == done["kill_list"])
    view = answer(register.http.put(f"{url}/basket", json={"lines": [*MILK, line(2, "tea", 500)]}))
    assert view["discount_minor"] == 1_000
    until("the report", lambda: _row(_status(call), register)["state"] == "lags")
    paid = answer(register.http.post(f"{url}/confirm", json=payment(view)))
    assert paid["discount_minor"] == 1_000
    assert _priced(register) == 0
    until("the report", lambda: _row(_status(call), register)["state"] == "ok")
    assert _row(_status(call), register)["kill_list_active"] == done["kill_list"]


def test_an_offline_register_gets_the_stop_at_reconnect_and_keeps_it(
    register: LiveRegister, way: FlakyCentre, call: Callable[..., Any]
) -> None:
    way.misbehave("refuse")
    call("stop", WRONG, "--reason", "помилка")
    time.sleep(0.5)
    assert _priced(register) == 1_000
    way.behave()
    until("the stop", lambda: _priced(register) == 0)
    register.stop()
    way.misbehave("refuse")
    register.start()
    assert _priced(register) == 0
    way.behave()
    register.until_online()


def test_a_register_that_lost_the_list_gets_it_with_its_heartbeat(
    register: LiveRegister, call: Callable[..., Any]
) -> None:
    """The feed's cursor stands behind the row: it will not come again that way."""
    done = call("stop", WRONG, "--reason", "помилка")
    until("the stop", lambda: _priced(register) == 0)
    register.stop()
    for name in COPIES:
        (register.data_dir / "bundles" / name).write_bytes(b"\0" * 100)
    register.start()
    until("the list", lambda: _stored(register) == done["kill_list"])
    until("the stop", lambda: _priced(register) == 0)


def test_a_corrected_rule_acts_again_with_its_bundle_and_not_before(
    register: LiveRegister, way: FlakyCentre, call: Callable[..., Any], tmp_path: Path
) -> None:
    call("stop", WRONG, "--reason", "помилка")
    until("the stop", lambda: _priced(register) == 0)
    fixed = copy.deepcopy(RULES)
    fixed["promotions"][0]["effect"]["percent_bp"] = 500
    file = tmp_path / "fixed.json"
    file.write_text(json.dumps(fixed), encoding="utf-8")
    way.tamper = lambda path, body: b"" if path.startswith("/v1/bundles/") else body
    before = register.status()["ruleset_active"]
    resumed = call("publish", str(file), "--resume", WRONG, "--reason", "виправлено")
    until(
        "the new list without its bundle",
        lambda: _stored(register, "bundle_sequence") == resumed["sequence"],
    )
    assert register.status()["ruleset_active"] == before
    assert _priced(register) == 0
    way.tamper = lambda _path, body: body
    until("the corrected rule", lambda: _priced(register) == 500)


def test_somebody_elses_publication_brings_nothing_back(
    register: LiveRegister, call: Callable[..., Any], tmp_path: Path
) -> None:
    call("stop", WRONG, "--reason", "помилка")
    until("the stop", lambda: _priced(register) == 0)
    file = tmp_path / "other.json"
    file.write_text(json.dumps(RULES | {"note": "про інше"}), encoding="utf-8")
    carried = call("publish", str(file))
    assert carried["stopped"] == [WRONG]
    until("the bundle", lambda: register.status()["ruleset_active"] == carried["sequence"])
    assert _priced(register) == 0


def test_a_rollback_is_a_new_sequence_and_a_register_that_was_offline_converges(
    register: LiveRegister, way: FlakyCentre, shop: RealCentre, call: Callable[..., Any]
) -> None:
    good = register.status()["ruleset_active"]
    wrong = copy.deepcopy(RULES)
    wrong["promotions"][0]["effect"]["percent_bp"] = 3_000
    bad = shop.publish(wrong)
    until("the wrong rule", lambda: _priced(register) == 3_000)
    way.misbehave("refuse")
    done = call("rollback", "--reason", "30 % замість 10 %", "--author", "Ірина")
    assert (done["sequence"], done["restores"]) == (bad + 1, good)
    assert _priced(register) == 3_000
    way.behave()
    until("the old rules", lambda: _priced(register) == 1_000)
    assert register.status()["ruleset_active"] == done["sequence"]
    newest = call("status", "--json")["published"][0]
    assert (newest["restores"], newest["author"], newest["reason"]) == (
        good,
        "Ірина",
        "30 % замість 10 %",
    )
    # Once more goes further back, and never to the rule that was wrong.
    further = call("rollback", str(good), "--reason", "ще раз")
    assert (further["sequence"], further["restores"]) == (bad + 2, good)


def test_status_says_who_lags(
    register: LiveRegister, way: FlakyCentre, call: Callable[..., Any]
) -> None:
    until("in step", lambda: _row(_status(call), register)["state"] == "ok")
    way.misbehave("error", only="/v1/bundles")
    call("rollback", str(register.status()["ruleset_active"]), "--reason", "проба")
    found = call("status", "--json", code=1)
    assert _row(found, register)["state"] == "lags"
    way.behave()
    until("in step", lambda: _row(_status(call), register)["state"] == "ok")
    assert call("status", "--json")["ok"]
    register.stop()
    call("stop", WRONG, "--reason", "проба")
    assert not call("status", "--json", code=1)["ok"]
    # Nobody was heard of within the last second: nobody online lags.
    time.sleep(1.1)
    found = call("status", "--json", "--online-s", "1")
    assert _row(found, register)["state"] == "offline"
    register.start()


def test_affected_equals_the_sum_over_the_sales(
    register: LiveRegister, shop: RealCentre, call: Callable[..., Any]
) -> None:
    sell(register.http, MILK)
    # The register's clock is the centre's to some hundredths of a second.
    time.sleep(1)
    since = datetime.now(UTC) - timedelta(seconds=0.5)
    sold = [
        sell(register.http, [line(1, "milk", price, groups=["dairy"])]) for price in (5_000, 999)
    ]
    sell(register.http, [line(1, "tea", 5_000, groups=["tea"])])
    until("all four at the centre", lambda: len(shop.facts(register.identity)) == 4)
    found = call("affected", WRONG, "--since", since.isoformat(), "--json")
    amounts = [sale["discount_minor"] for sale in sold]
    assert amounts == [500, 100]
    store = register.identity.store_id
    given = {"sales": 2, "amount_minor": 600, "points": 0, "payable_minor": 5_399}
    assert found["stores"] == {store: given | {"voided": 0, "returned": 0}}
    assert found["total"] == found["stores"][store]
    assert sum(sale["amount_minor"] for sale in found["sales"]) == 600
    assert {sale["sale_id"] for sale in found["sales"]} == {sale["sale_id"] for sale in sold}
    later = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    assert call("affected", WRONG, "--since", later, "--json")["total"]["sales"] == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("stop", "dairy1", "--reason", "x"), "did you mean dairy10?"),
        (("stop", WRONG, "--reason", "a\nb"), "one line"),
        (("rollback", "99999", "--reason", "x"), "no bundle was published under 99999"),
    ],
)
def test_a_slip_of_the_hand_is_named(
    shop: RealCentre,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    told: str,
) -> None:
    assert main(["rules", *arguments, "--data-dir", str(shop.data_dir)]) == 2
    assert told in capsys.readouterr().err
