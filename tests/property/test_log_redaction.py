"""No phone, card number, token or member code survives in a log line, wherever it stands."""

from __future__ import annotations

import json
import logging
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.event_codes import Event
from edge_agent.event_log import event_record
from edge_agent.log_lines import JsonFormatter
from edge_agent.redaction import redact

# Base45 of RFC 9285 and the base32 of member codes.
BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
around = st.text(
    st.characters(exclude_categories=("Cs", "Nd"), exclude_characters="+-(). \n\t\xa0"), max_size=12
)
MOBILE = ("39", "50", "63", "66", "67", "68", "73", "77", "91", "99")


GAPS = ("", " ", "-", ".")
FORMS = ("+380{0}", "380{0}", "0{0}", "+38 (0{0})", "+38-0{0}", "{0}")


def _phone(operator: str, number: str, gap: str, form: str) -> str:
    return form.format(gap.join([operator, number[:3], number[3:5], number[5:]]))


@st.composite
def phones(draw: st.DrawFn) -> str:
    number = draw(st.from_regex(r"[0-9]{7}", fullmatch=True))
    parts = (draw(st.sampled_from(values)) for values in (GAPS, FORMS))
    return _phone(draw(st.sampled_from(MOBILE)), number, *parts)


@st.composite
def cards(draw: st.DrawFn) -> str:
    digits = draw(st.from_regex(r"[0-9]{13,19}", fullmatch=True))
    gap = draw(st.sampled_from(["", " ", "-"]))
    return gap.join(digits[i : i + 4] for i in range(0, len(digits), 4))


codes = st.one_of(
    st.from_regex(r"LC1:[0-9A-Z]{10,24}", fullmatch=True),
    st.text(BASE45, min_size=20, max_size=140).map(lambda claim: f"LP1:{claim.strip()}0A"),
    st.from_regex(r"(card|qr|phone):[0-9a-f]{8,64}", fullmatch=True),
    st.from_regex(r"Bearer [A-Za-z0-9_-]{20,43}", fullmatch=True),
    st.from_regex(r"(token|password|otp)=[A-Za-z0-9]{6,43}", fullmatch=True),
)
secrets = st.one_of(phones(), cards(), codes)


def _body(secret: str) -> str:
    """The part that must not be readable: digits of a number, payload of a code."""
    for mark in (":", "=", " "):
        head, found, tail = secret.partition(mark)
        if found and head in ("LC1", "LP1", "card", "qr", "phone", "Bearer", "token", "password"):
            return tail
        if found and head == "otp":
            return tail
    return "".join(filter(str.isdigit, secret))


def _holds(line: str, secret: str) -> bool:
    body = _body(secret)
    return body in line or (body.isdigit() and body in "".join(filter(str.isdigit, line)))


@pytest.mark.parametrize("operator", MOBILE)
def test_every_way_to_write_a_phone(operator: str) -> None:
    for gap in GAPS:
        for form in FORMS:
            phone = _phone(operator, "1234567", gap, form)
            assert not _holds(redact(f"called {phone} twice"), phone), phone


@given(secret=secrets, before=around, after=around)
def test_text(secret: str, before: str, after: str) -> None:
    assert not _holds(redact(f"{before} {secret} {after}"), secret)


@given(secret=secrets, key=st.sampled_from(["said", "reason", "phone"]), deep=st.booleans())
def test_detail(secret: str, key: str, deep: bool) -> None:
    value: object = [{"inner": (secret, 1)}] if deep else secret
    line = JsonFormatter().format(event_record(Event.SCAN_UNKNOWN, {key: value, secret: 1}))
    assert not _holds(json.dumps(json.loads(line)["detail"]), secret)


@given(secret=secrets)
def test_messages_and_errors(secret: str) -> None:
    error = ValueError(f"cannot read {secret!s}")
    record = logging.LogRecord(
        "drivers", logging.ERROR, "", 0, "got %s", (secret,), (ValueError, error, None)
    )
    line = json.loads(JsonFormatter().format(record))
    assert not _holds(line["message"], secret)
    assert not _holds(line["error"], secret)


@given(number=st.integers(10**12, 10**19))
def test_a_card_as_a_number(number: int) -> None:
    line = JsonFormatter().format(event_record(Event.SCAN_UNKNOWN, {"value": number}))
    assert str(number) not in line


@given(sale=st.uuids(), amount=st.integers(-(10**8), 10**8))
def test_what_people_search_for_stays(sale: uuid.UUID, amount: int) -> None:
    text = f"sale {sale} of {amount} kopecks"
    assert redact(text) == text
    record = event_record(Event.SALE_COMMITTED, {"total_minor": amount}, str(sale))
    line = json.loads(JsonFormatter().format(record))
    assert line["sale_id"] == str(sale)
    assert line["detail"] == {"total_minor": amount}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("at 2026-11-22 06:52:11 on 127.0.0.1:9777", "at 2026-11-22 06:52:11 on 127.0.0.1:9777"),
        ("2026-11-22T06:52:11.123456Z", "2026-11-22T06:52:11.123456Z"),
        ("GET /v1/x?token=abc&n=1", "GET /v1/x?***&n=1"),
        ("scanned ДС1Ж7Л3З now", "scanned *** now"),
        ("lc1:7k3p", "***"),
        ("fiscal number 4000123456 seq 17", "fiscal number 4000123456 seq 17"),
    ],
)
def test_examples(text: str, expected: str) -> None:
    assert redact(text) == expected
