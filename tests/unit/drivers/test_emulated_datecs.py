"""The emulated printer by itself: its arithmetic, its refusals, its wire manners."""

import pytest

from drivers.emulators.datecs_ua.device import DatecsUaDevice
from drivers.emulators.register.config import RegisterConfig

OK = bytes.fromhex("80808080869a")


@pytest.fixture
def device():
    made = DatecsUaDevice()
    program(made, 1, "А", "Хліб")
    program(made, 2, "Б", "Молоко")
    return made


def program(device, plu, tax, name, price="10.00"):
    data = f"P{tax}{plu},1,{price},0000,{name}".encode("cp1251")
    assert device.execute(107, data) == (b"P", OK)


def ok(device, cmd, data=b""):
    reply, status = device.execute(cmd, data)
    assert not status[0] & 0x7F, (cmd, data, status.hex(" "), device.execute(32, b""))
    return reply


def refused(device, cmd, data=b""):
    before = device.counters(), [d.text() for d in device.documents()]
    reply, status = device.execute(cmd, data)
    assert reply == b""
    assert status[0] & 0x20, (cmd, data)
    assert (device.counters(), [d.text() for d in device.documents()]) == before
    return status


def sell(device, *lines, pay=b"\tP"):
    ok(device, 48, b"1,0000,1")
    for line in lines:
        ok(device, 58, line)
    if pay:
        ok(device, 53, pay)
        ok(device, 56)


def test_unknown_commands_and_wrong_moments():
    device = DatecsUaDevice()
    for cmd in (84, 92, 72, 200):
        assert refused(device, cmd)[0] & 0x22 == 0x22
    for cmd, data in ((58, b"1*1.000"), (54, b"x"), (53, b"\tP"), (56, b""), (57, b""), (39, b"")):
        assert refused(device, cmd, data)[1] & 0x02
    assert refused(device, 48, b"1")[0] & 0x21 == 0x21


def test_sums_taxes_and_counters(device):
    ok(device, 48, b"1,0000,1")
    ok(device, 58, b"1*2.000#45.50;-10.00")
    ok(device, 58, b"2*0.345#129.99")
    ok(device, 51, b"10;-0.85")
    assert ok(device, 76, b"T") == b"1,0002,+000012500,+000000000"
    assert ok(device, 53, b"\tD100.00") == b"D000002500"
    assert ok(device, 53, b"\tP30.00") == b"R000000500"
    assert ok(device, 56) == b"0000001,0000001,0000000,0000001"
    (receipt,) = device.documents()
    assert receipt.total_minor == 12_500
    assert sum(receipt.taxes.values()) == 1341 + 291
    assert ok(device, 113) == b"0000001,0000001,0000000,0000001"
    assert ok(device, 110) == b"2500,0,10000,0,1,1"
    assert ok(device, 76, b"T") == b"0,0002,+000012500,+000013000"


def test_after_the_first_payment_the_receipt_only_goes_forward(device):
    sell(device, b"1*1.000", pay=b"")
    ok(device, 53, b"\tD4.00")
    for cmd, data in ((58, b"1*1.000"), (51, b"10;-1.00"), (57, b""), (56, b"")):
        assert refused(device, cmd, data)[1] & 0x02, cmd
    ok(device, 53, b"\tD6.00")
    assert refused(device, 53, b"\tP1.00")[1] & 0x02
    ok(device, 56)


def test_no_change_on_a_card(device):
    sell(device, b"1*1.000", pay=b"")
    assert ok(device, 53, b"\tD10.01") == b"F"
    assert ok(device, 53, b"\tD10.00") == b"D000000000"


@pytest.mark.parametrize(
    ("step", "given", "reply"),
    [
        (50, b"20.00", b"R000001000"),
        (50, b"10.00", b"D000000000"),
        (50, b"10.20", b"D000000000"),
        (10, b"10.20", b"D000000000"),
        (10, b"20.00", b"R000000980"),
        (0, b"20.00", b"R000000980"),
        (0, b"10.00", b"D000000020"),
    ],
)
def test_cash_rounding(step, given, reply):
    device = DatecsUaDevice(RegisterConfig(cash_rounding=step))
    program(device, 1, "А", "Хліб", "10.20")
    sell(device, b"1*1.000", pay=b"")
    assert ok(device, 53, b"\tP" + given) == reply


@pytest.mark.parametrize("data", [b"9*1.000", b"1*1.000;-10.01", b"1*0.000", b"1*x", b""])
def test_sales_that_are_refused(device, data):
    ok(device, 48, b"1,0000,1")
    refused(device, 58, data)
    assert device.documents()[-1].items == []


def test_cancelling_leaves_the_fiscal_counters_alone(device):
    sell(device, b"1*1.000", pay=b"")
    ok(device, 57)
    assert ok(device, 113) == b"0000000,0000000,0000000,0000001"
    assert device.documents()[0].state == "cancelled"


def test_returns_count_by_themselves(device):
    ok(device, 85, b"1,0000,1")
    assert device.execute(74, b"")[1][1] & 0x08
    ok(device, 58, b"1*1.000")
    ok(device, 53, b"\tP")
    assert ok(device, 56) == b"0000001,0000000,0000001,0000001"


def test_three_wrong_passwords_lock_until_power_comes_again(device):
    for _ in range(3):
        refused(device, 48, b"1,9999,1")
    refused(device, 48, b"1,0000,1")
    device.power_on()
    ok(device, 48, b"1,0000,1")


def test_without_paper_nothing_that_prints_is_done(device):
    sell(device, b"1*1.000", pay=b"")
    device.set_paper("paper_out")
    for cmd, data in ((58, b"1*1.000"), (54, b"x"), (53, b"\tP"), (57, b""), (88, b"Q,x")):
        assert refused(device, cmd, data)[2] & 0x01
    reply, status = device.execute(113, b"")
    assert reply == b"0000000,0000000,0000000,0000000"
    assert status[2] & 0x09 == 0x09
    device.set_paper("paper_in")
    ok(device, 57)


def test_articles(device):
    assert ok(device, 107, b"X") == b"P000003"
    assert ok(device, 107, b"R1") == "P,1,А,1,10.00,0,0,0,0,Хліб".encode("cp1251")
    assert ok(device, 107, b"R9") == b"F"
    sell(device, b"1*1.000")
    changed = "PБ1,1,12.00,0000,Інше".encode("cp1251")
    assert ok(device, 107, changed) == b"F"
    assert ok(device, 107, b"D1,0000") == b"F"
    ok(device, 69, b"0000,0")
    assert ok(device, 107, changed) == b"P"
    assert ok(device, 107, b"DA,0000") == b"P"
    assert ok(device, 107, b"X") == b"P000001"
    assert ok(device, 107, "PЯ1,1,12.00,0000,Інше".encode("cp1251")) == b"F"
    refused(device, 107, "PА1,1,12.00,9999,Інше".encode("cp1251"))


def test_cash_and_reports(device):
    assert ok(device, 70, b"+100.00") == b"P,10000,10000,0"
    assert ok(device, 70, b"-200.00") == b"F,10000,10000,0"
    assert ok(device, 70, b"-30.00") == b"P,7000,10000,3000"
    sell(device, b"1*2.000", b"2*1.000")
    assert ok(device, 69, b"0000,2").startswith(b"0001,+00000002000,+00000001000,")
    assert ok(device, 69, b"0000,0").startswith(b"0001,+00000002000,")
    assert ok(device, 69, b"0000,2").startswith(b"0002,+00000000000,")
    kinds = [document.kind for document in device.documents()]
    assert kinds == ["cash_in", "cash_out", "sale", "x_report", "z_report", "x_report"]
    assert "Обіг А" in device.documents()[3].text()
    sell(device, b"1*1.000", pay=b"")
    refused(device, 69, b"0000,0")


def test_service_slips_and_codes(device):
    ok(device, 38)
    assert refused(device, 48, b"1,0000,1")[1] & 0x02
    ok(device, 42, "Бонус: 12,50".encode("cp1251"))
    ok(device, 44, b"2")
    ok(device, 93, b"1")
    ok(device, 88, b"Q,https://l.ua/a1")
    ok(device, 88, b"3,2000000000015")
    refused(device, 88, b"Z,1")
    refused(device, 54, b"x")
    ok(device, 39)
    text = device.documents()[0].text()
    for part in ("СЛУЖБОВИЙ ЧЕК", "НЕ ФІСКАЛЬНИЙ", "Бонус: 12,50", "2000000000015"):
        assert part in text


def test_pay_and_close_in_one(device):
    sell(device, b"1*1.000", pay=b"")
    assert ok(device, 55, b"\tP20.00") == b"R000001000"
    assert device.counters()["sales"] == 1


def test_the_last_error_is_told(device):
    refused(device, 56)
    assert ok(device, 32).startswith(b"56,4,")


def test_paper_is_never_wider_than_the_roll(device):
    name = "Надзвичайно довга назва товару на цілих два рядки"
    program(device, 5, "А", name)
    sell(device, b"5*99999.999#99.99&4820000000017!ABCD123456")
    assert all(len(line) <= 42 for line in device.documents()[0].text().splitlines())
