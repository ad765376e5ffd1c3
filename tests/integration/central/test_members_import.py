"""Members and goods from spreadsheets: once, checked, and repeatable."""

import csv

import pytest

from central.errors import BadInput
from central.goods_import import import_goods
from central.member_import import import_members
from loyalty.codes import gtin_check_digit

pytestmark = pytest.mark.postgres
HEADER = "card;phone;name;birthday;groups;balance;expires_on;consent_at"


def card(number: int) -> str:
    digits = f"042{number:09d}"
    return digits + gtin_check_digit(digits)


@pytest.fixture
def take(db, tmp_path, clock):
    def run(text: str, *, dry_run: bool = False, name: str = "members.csv"):
        file = tmp_path / name
        file.write_bytes(text.encode())
        steps: list[int] = []
        result = import_members(db, file, clock(), dry_run=dry_run, on_progress=steps.append)
        assert steps == ([result.rows] if result.rows else [])
        return result

    return run


def rejected(result):
    with open(result.errors_file, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    return [(row["line"], row["reason"], row["field"]) for row in rows]


def count(db, table):
    return db.execute(f"select count(*) from {table}").fetchone()[0]


def test_every_spelling_is_read(db, take, books):
    text = "\ufeff" + "\r\n".join(
        [
            HEADER,
            f"{card(1)};(067) 123-45-67;Олена  Коваль;07.03.1990;vip|staff;1 234,5;"
            "31.12.2026;2026-01-05",
            f"{card(2)[1:]};;Іван;1985-11-30;;0.07;;05.01.2026",
            ";+380501112233;;;;;;",
            "",
        ]
    )
    result = take(text)
    assert (result.rows, result.created, result.rejected) == (3, 3, 0)
    assert result.opening_points == 123_457
    people = db.execute(
        "select t.token_key, p.phone, p.name, p.birthday::text, m.feed_name, m.feed_birthday,"
        " m.groups, p.consent_at from person p join member m using (member_id)"
        " left join token t using (member_id) order by t.token_key"
    ).fetchall()
    assert people[0] == (
        *(f"card:{card(1)}", "+380671234567", "Олена Коваль", "1990-03-07"),
        *("Олена К.", "03-07", ["vip", "staff"], "2026-01-05T00:00:00"),
    )
    assert people[1][:2] == (f"card:{card(2)}", None)
    assert people[2][:2] == (None, "+380501112233")
    lots = db.execute("select points, expires_on::text, source from lot order by points").fetchall()
    assert lots == [(7, "9999-12-31", "opening"), (123_450, "2026-12-31", "opening")]
    legs = db.execute("select account, sum(amount) from leg group by 1 order by 1").fetchall()
    assert legs == [("available", 123_457), ("issued", -123_457)]
    books(1)


def test_a_second_run_changes_nothing(db, take):
    text = f"{HEADER}\n{card(1)};0671234567;Олена;;vip;10;;\n;0501112233;Іван;;;5;;\n"
    take(text)
    state = db.execute("select * from change order by kind, key").fetchall()
    again = take(text)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)
    assert again.opening_points == 0
    assert db.execute("select * from change order by kind, key").fetchall() == state
    assert count(db, "entry") == 2


def test_a_changed_row_updates_the_member_it_finds_by_card_or_phone(db, take):
    take(f"card,phone,name\n{card(1)},0671234567,Олена Коваль\n,0501112233,Іван\n")
    result = take(
        f"card,phone,name,balance\n{card(1)},0671234500,Олена Шевченко,3\n{card(2)},0501112233,,\n"
    )
    assert (result.created, result.updated) == (0, 2)
    assert count(db, "member") == 2
    row = db.execute(
        "select p.name, p.phone, p.former_phones from token t join person p using (member_id)"
        " where token_key = %s",
        [f"card:{card(1)}"],
    ).fetchone()
    assert row == ("Олена Шевченко", "+380671234500", ["+380671234567"])
    row = db.execute(
        "select p.name, p.phone from token t join person p using (member_id) where token_key = %s",
        [f"card:{card(2)}"],
    ).fetchone()
    assert row == ("Іван", "+380501112233")
    assert take("phone,balance\n0671234500,3\n").opening_points == 0


def test_rejects_are_named_and_the_rest_goes_in(take, db):
    rows = [
        f"{card(1)};0671234567;;;;;;",
        f"{card(1)};;;;;;;",
        ";;Без ключа;;;;;",
        "0420000000018;;;;;;;",
        "12345;;;;;;;",
        ";12345;;;;;;",
        f"{card(3)};;;31.02.1990;;;;",
        f"{card(4)};;;;;1,005;;",
        f"{card(5)};;;;;-5;;",
        f"{card(6)};;;;;5;soon;",
        f"{card(7)};;;;;5;;yesterday",
        f"{card(8)};0671234567;;;;;;",
        f"{card(9)};;a",
        f"=1+1;;{'x' * 201};;;;;",
    ]
    result = take("\n".join([HEADER, *rows]))
    assert (result.created, result.rejected) == (1, 13)
    assert rejected(result) == [
        ("3", "twice_in_file", "card"),
        ("4", "no_card_and_no_phone", "card"),
        ("5", "bad_check", "card"),
        ("6", "not_a_card", "card"),
        ("7", "not_a_phone", "phone"),
        ("8", "bad_date", "birthday"),
        ("9", "bad_number", "balance"),
        ("10", "bad_number", "balance"),
        ("11", "bad_date", "expires_on"),
        ("12", "bad_date", "consent_at"),
        ("13", "twice_in_file", "phone"),
        ("14", "field_count", "3 of 8"),
        ("15", "not_a_card", "card"),
    ]
    assert ";'=1+1;" in open_text(result.errors_file)
    take(f"card,phone\n{card(20)},0502223344\n{card(21)},0502223355\n")
    mixed = take(f"card,phone\n{card(20)},0502223355\n")
    assert rejected(mixed) == [("2", "card_and_phone_differ", "phone")]
    assert count(db, "member") == 3


def open_text(path):
    with open(path, encoding="utf-8-sig") as file:
        return file.read()


def test_a_dry_run_keeps_nothing_but_says_everything(take, db, tmp_path):
    result = take(f"{HEADER}\n{card(1)};;Олена;;;10;;\nx;;;;;;;\n", dry_run=True)
    assert (result.created, result.rejected, result.opening_points) == (1, 1, 1000)
    assert rejected(result) == [("3", "not_a_card", "card")]
    assert [count(db, table) for table in ("member", "person", "entry", "change")] == [0] * 4
    clean = take(f"{HEADER}\n{card(1)};;Олена;;;10;;\n", dry_run=True)
    assert clean.errors_file == ""
    assert not (tmp_path / "members.csv.errors.csv").exists()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"card;balence\n", "unknown_column"),
        (b"name;balance\n", "missing_column"),
        (b"card;card\n", "duplicate_column"),
        ("card;name\n1;Олена\n".encode("cp1251"), "not_utf8"),
    ],
)
def test_files_that_cannot_be_used(db, tmp_path, clock, content, code):
    file = tmp_path / "bad.csv"
    file.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        import_members(db, file, clock(), dry_run=False, on_progress=lambda _rows: None)
    assert caught.value.code == code
    with pytest.raises(BadInput, match="No such file"):
        import_members(
            db, tmp_path / "none.csv", clock(), dry_run=False, on_progress=lambda _rows: None
        )


def test_goods_are_taken_in_once(db, tmp_path, centre):
    file = tmp_path / "goods.csv"
    file.write_text(
        "sku;name;barcodes;unit;price;price_kind;tax_group;uktzed;goods_class;min_price;groups;tags\n"
        "001;Хліб;4820000000017|4820000000024;шт;29,90;;А;1905;;;bakery|food;local\n"
        "002;Горілка;;шт;199.00;shelf;Б;2208;alcohol;150.00;;\n"
        "003;;;шт;1;;;;;;;\n"
        "004;Сир;;кг;1e3;;;;;;;\n"
        "005;Чай;;шт;10;cheap;;;;;;\n"
        "001;Хліб;;шт;30;;;;;;;\n",
        encoding="utf-8",
    )
    result = import_goods(db, file, on_progress=lambda _rows: None)
    assert (result.changed, result.rejected) == (2, 4)
    assert [row[1:] for row in rejected(result)] == [
        ("missing", "name"),
        ("bad_number", "price"),
        ("unknown_value", "price_kind"),
        ("twice_in_file", "sku"),
    ]
    till = centre.till()
    till.pull()
    assert till.cache["good", "001"]["body"] == {
        "sku": "001",
        "name": "Хліб",
        "barcodes": ["4820000000017", "4820000000024"],
        "unit": "шт",
        "unit_price_minor": 2_990,
        "price_kind": "shelf",
        "tax_group": "А",
        "uktzed": "1905",
        "goods_class": "normal",
        "min_price_minor": 0,
        "groups": ["bakery", "food"],
        "tags": ["local"],
    }
    assert till.cache["good", "002"]["body"]["min_price_minor"] == 15_000
    again = import_goods(db, file, on_progress=lambda _rows: None)
    assert (again.changed, again.unchanged) == (0, 2)
    assert till.pull() == []


def test_segments_reach_the_registers_and_stay_where_a_file_has_none(db, take):
    head = "card;name;segments"
    take(f"{head}\n{card(1)};Олена;новачки|чай\n{card(2)};Іван;\n")
    rows = "select body -> 'segments' from change where kind = 'member' order by body ->> 'name'"
    assert [row[0] for row in db.execute(rows)] == [[], ["новачки", "чай"]]
    assert take(f"{head}\n{card(1)};Олена;\n").unchanged == 1
    take(f"{head}\n{card(1)};Олена;постійні\n")
    assert [row[0] for row in db.execute(rows)] == [[], ["постійні"]]
    assert db.execute("select segments from member order by segments desc").fetchone()[0] == [
        "постійні"
    ]
