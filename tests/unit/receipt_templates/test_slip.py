"""The whole slip: every width, both languages, what must be on it and what must never be."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pyzbar.pyzbar import decode

from drivers.receipt.picture import draw_slip, slip_png
from edge_agent.cli import main
from loyalty.errors import InvalidRuleset
from loyalty.receipt import PromoLine, ReceiptDocument, SlipRow
from loyalty.receipt_template import BLOCKS, LABELS, ReceiptTemplate, placeholders
from receipt_templates import refused_words, render_slip
from receipt_templates.samples import SAMPLES
from receipt_templates.slip import texts_of
from sync.contract.bundle import parse_draft

WIDTHS = (24, 28, 30, 32, 34, 40, 42, 48)


def slip(document: ReceiptDocument, width: int = 48, **options: object) -> tuple[SlipRow, ...]:
    given_options: dict[str, object] = {"locale": "uk", "width": width, **options}
    return render_slip(document, **given_options)  # type: ignore[arg-type]


def texts(rows: tuple[SlipRow, ...]) -> list[str]:
    return [row.text for row in rows]


@pytest.mark.parametrize("locale", ["uk", "en"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("sample", sorted(SAMPLES))
def test_no_row_is_too_wide_and_every_sum_is_whole(sample: str, width: int, locale: str) -> None:
    document = SAMPLES[sample]
    rows = slip(document, width, locale=locale)
    for row in rows:
        if row.style != "qr":
            assert len(row.text) <= width // (2 if row.style == "title" else 1), row
    decimal = "," if locale == "uk" else "."
    if document.kind == "sale":
        for line in document.promotions:
            sum_text = f"-{line.amount_minor // 100}{decimal}{line.amount_minor % 100:02d}"
            assert any(row.text.endswith(f" {sum_text}") for row in rows), sum_text
            assert any(len(row.text) == width for row in rows if row.text.endswith(sum_text))


@given(
    names=st.lists(st.text(min_size=1, max_size=60), max_size=15),
    amount=st.integers(1, 99_999_999),
    width=st.sampled_from(WIDTHS),
)
def test_whatever_it_is_called_the_sum_stands_at_the_edge(
    names: list[str], amount: int, width: int
) -> None:
    document = replace(SAMPLES["sale"], promotions=tuple(PromoLine(name, amount) for name in names))
    rows = slip(document, width)
    assert all(len(row.text) <= width for row in rows if row.style != "qr")
    whole = sum(line.amount_minor for line in document.promotions)
    if whole:
        total = f"-{whole // 100},{whole % 100:02d}"
        (big,) = [r.text for r in rows if r.style == "big" and "бонус" not in r.text]
        assert big.endswith(total)
        assert len(big) == width


def test_offline_says_so() -> None:
    said = texts(slip(SAMPLES["offline"]))
    assert "Немає зв’язку: списати бонуси зараз не можна" in said
    assert "Бонуси збережено" in said
    assert any(line.startswith("Буде зараховано") for line in said)
    assert any(line.startswith("Баланс станом на 14:05") for line in said)
    assert any(line.startswith("Найближче згорання") and "31.12.2026" in line for line in said)


def test_a_fresh_balance_has_no_age() -> None:
    assert not any("станом" in line for line in texts(slip(SAMPLES["sale"])))


def test_nothing_to_say_is_no_slip() -> None:
    nothing = replace(SAMPLES["stranger"], promotions=(), messages=())
    assert slip(nothing) == ()


def test_a_template_changes_words_lines_order_and_page() -> None:
    template = ReceiptTemplate(
        header={"uk": ("вул. Хрещатик, 1",)},
        footer={"uk": ("0 800 123 456",)},
        labels={"uk": {"balance": "Ваш рахунок"}},
        blocks=("member", "header", "footer", "qr"),
        member_page="https://bonus.example.ua/r/{sale_id}",
    )
    document = replace(SAMPLES["sale"], qr="")
    rows = slip(document, template=template)
    said = texts(rows)
    assert said.index("вул. Хрещатик, 1") > next(
        n for n, line in enumerate(said) if line.startswith("Ваш рахунок  ")
    )
    assert "0 800 123 456" in said
    assert "САМЕ ДЛЯ ВАС" not in said
    assert f"https://bonus.example.ua/r/{document.sale_id}" in said
    assert refused_words(template) == ()


def test_reserved_words_are_found_and_never_printed() -> None:
    template = ReceiptTemplate(footer={"uk": ("ФІСКАЛЬНИЙ ЧЕК № 7",)})
    assert refused_words(template)
    assert not any("ФІСКАЛЬНИЙ" in line for line in texts(slip(SAMPLES["sale"], template=template)))


@pytest.mark.parametrize(
    ("label", "amount", "width", "is_larger"),
    [
        ("Баланс", "345,50 бонуса", 32, True),
        ("Разом знижок", "-175,50", 24, True),
        ("", "345,50 бонуса", 24, True),
        ("Баланс станом на 14:05", "345,50 бонуса", 38, False),
    ],
)
def test_a_big_amount_is_larger_than_its_label_where_it_has_the_room(
    label: str, amount: str, width: int, is_larger: bool
) -> None:
    text = label + amount.rjust(width - len(label))
    drawn = draw_slip((SlipRow("big", text),), width, width * 12).convert("L")
    ink = drawn.point(lambda level: 255 - level)
    box = ink.getbbox()
    assert box is not None
    assert width * 12 - box[2] < 6, "the amount stands at the right edge"
    across = [x for x in range(ink.width) if ink.crop((x, 0, x + 1, ink.height)).getbbox()]
    assert (box[0] < 6) == bool(label)
    taken = ink.width - min(x for x in across if x >= len(label) * 12)
    assert (taken > (len(amount) + 1) * 12) == is_larger
    if label:
        gaps = [after - before for before, after in pairwise(across)]
        assert max(gaps) >= 6, "label and amount do not touch"


def draft(receipt: object) -> bytes:
    return json.dumps({"schema_version": 1, "receipt": receipt}).encode()


def test_the_bundle_carries_a_template() -> None:
    read = parse_draft(draft({"labels": {"uk": {"balance": "Рахунок"}}, "blocks": ["member"]}))
    assert read.receipt is not None
    template = read.receipt.to_rule()
    assert texts_of("uk", template).balance == "Рахунок"
    assert texts_of("en", template).balance == "Balance"
    assert template.blocks == ("member",)
    assert parse_draft(b'{"schema_version": 1}').receipt is None


@pytest.mark.parametrize(
    "receipt",
    [
        {"labels": {"uk": {"nothing": "x"}}},
        {"labels": {"uk": {"balance_as_of": "Баланс"}}},
        {"labels": {"uk": {"balance": "{name}"}}},
        {"labels": {"uk": {"balance": "{0}"}}},
        {"blocks": ["member", "member"]},
        {"blocks": ["sum"]},
        {"member_page": "http://bonus.example.ua"},
        {"member_page": "https://bonus.example.ua/{phone}"},
        {"footer": {"uk": ["x"] * 7}},
    ],
)
def test_a_template_that_does_not_fit_is_refused(receipt: object) -> None:
    with pytest.raises(InvalidRuleset):
        parse_draft(draft(receipt))


def test_every_label_is_a_word_of_every_locale() -> None:
    for locale in ("uk", "en"):
        words = texts_of(locale, ReceiptTemplate())  # type: ignore[arg-type]
        for name, wanted in LABELS.items():
            assert placeholders(getattr(words, name)) == wanted, name
    assert set(BLOCKS) == {"header", "promotions", "member", "rewards", "offers", "qr", "footer"}


PAYLOADS = [
    "LC1:7K3M9QX2ABD",
    "https://bonus.example.ua/r/4f1f6f3e-0000-4000-8000-000000000001",
    "LC2:" + "NCFOXN%TSMAHN-H3ZSUZK+.KO1BT00" * 4,
]


@pytest.mark.parametrize("paper", [58, 80])
@pytest.mark.parametrize("payload", PAYLOADS)
def test_the_code_is_read_back_at_203_dpi(payload: str, paper: int) -> None:
    columns, dots = (32, 384) if paper == 58 else (48, 576)
    rows = slip(replace(SAMPLES["sale"], qr=payload), columns)
    png = slip_png(draw_slip(rows, columns, dots), paper)
    with Image.open(io.BytesIO(png)) as picture:
        assert picture.info["dpi"] == pytest.approx((203, 203), abs=0.5)
        assert picture.width == paper * 8 + 20
        assert [found.data.decode() for found in decode(picture)] == [payload]


def test_preview_shows_text_and_writes_a_picture(tmp_path, capsys) -> None:
    target = tmp_path / "slip.png"
    assert main(["receipt", "preview", "--paper", "58", "--png", str(target)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert any(line.startswith("Баланс") for line in said)
    assert all(len(line) <= 32 or line.startswith("[QR") for line in said)
    with Image.open(target) as picture:
        assert picture.width == 484


def test_preview_refuses_a_template_that_imitates_a_fiscal_receipt(tmp_path, capsys) -> None:
    rules = tmp_path / "rules.json"
    rules.write_bytes(draft({"footer": {"uk": ["Сума з ПДВ"]}}))
    assert main(["receipt", "preview", "--template", str(rules)]) == 1
    assert "must not say: Сума, ПДВ" in capsys.readouterr().err
