"""How the screen looks and reads: it fits, can be read and hit, and writes as people do."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.integration.panel.conftest import Till
from tests.integration.panel.shop import BREAD, CHEESE, COFFEE, MILK, PHONE
from tests.support.rig import CARD, OTHER_CARD, Rig, answer

MIN_CONTRAST = 4.5
MIN_TARGET = 44

# Text against the nearest painted background, as WCAG 2.2 §1.4.3 counts it; disabled controls too.
CONTRAST = """() => {
  const channels = (css) => css.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => {
      const part = v / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const own = (element) => [...element.childNodes].some(
    (node) => node.nodeType === 3 && node.textContent.trim());
  return [...document.querySelectorAll('body *')].filter(
    (element) => own(element) && element.checkVisibility()).map((element) => {
    const style = getComputedStyle(element);
    const [a, b] = [light(channels(style.color)), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    return [ratio, element.textContent.trim().slice(0, 40)];
  });
}"""

BOXES = """() => [...document.querySelectorAll('button, #entry, dialog input')].filter(
  (element) => element.checkVisibility()).map((element) => {
    const { width, height, left, right, top, bottom } = element.getBoundingClientRect();
    const spills = element.tagName === 'BUTTON' && element.scrollWidth > element.clientWidth;
    const isOut = left < 0 || right > innerWidth || top < 0 || bottom > innerHeight;
    return [element.innerText || element.id, Math.min(width, height), spills || isOut];
  })"""


def readable(page: Page) -> None:
    """Every text has contrast, every control can be hit, nothing runs over its edge."""
    pale = [found for found in page.evaluate(CONTRAST) if found[0] < MIN_CONTRAST]
    assert pale == []
    boxes: list[list[Any]] = page.evaluate(BOXES)
    assert boxes
    assert [box for box in boxes if box[1] < MIN_TARGET or box[2]] == []


def fits(page: Page) -> None:
    """Nothing to scroll, in either direction."""
    size = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    assert page.evaluate(size) == [1024, 600]


@pytest.mark.browser
@pytest.mark.parametrize("locale", ["uk", "en", "pl"])
def test_every_scene_fits_and_reads(till: Till, locale: str) -> None:
    def look() -> None:
        fits(till.page)
        readable(till.page)

    page = till.page.locator("html")
    for each in ("en", "pl")[: ("uk", "en", "pl").index(locale)]:
        till.keys("F9")
        expect(page).to_have_attribute("lang", each, timeout=20_000)
    look()
    till.scan(CARD)
    expect(till.part("start")).to_be_visible()
    look()
    till.keys("Enter")
    for code in (MILK, f"2*{COFFEE}", BREAD, f"0,345*{CHEESE}"):
        till.enter(code)
    expect(till.part("line")).to_have_count(4)
    till.keys("F4")
    till.shows("redeem-now", "230,91")
    till.scan(OTHER_CARD)
    expect(till.part("replace")).to_be_visible()
    look()
    for key in ("F1", "F3", "F5", "F10"):
        till.keys(key)
        expect(till.page.locator("dialog")).to_be_visible()
        readable(till.page)
        till.keys("Escape")
    till.keys("F8")
    expect(till.part("result")).to_be_visible()
    look()


@pytest.mark.browser
def test_a_long_reason_still_fits(till: Till) -> None:
    till.enter(PHONE)
    till.shows("name", "Юлія Ї.")
    till.keys("Enter")
    till.enter(COFFEE)
    till.keys("F4")
    expect(till.part("reason")).to_be_visible()
    fits(till.page)
    readable(till.page)


@pytest.mark.browser
def test_fifty_lines_scroll_inside_and_the_chosen_one_is_in_sight(till: Till) -> None:
    lines = [
        {
            "line_id": str(number),
            "sku": f"s{number}",
            "name": f"Товар {number}",
            "qty_milli": 1000,
            "unit_price_minor": 1000,
            "sum_minor": 1000,
        }
        for number in range(1, 51)
    ]
    path = "/v1/sales/00000000-0000-4000-8000-000000000001/open"
    answer(till.rig.http.post(path, json={"basket": {"lines": lines}}))
    expect(till.part("line")).to_have_count(50)
    fits(till.page)
    expect(till.page.locator(".line.chosen")).to_be_in_viewport()
    till.keys(*["ArrowUp"] * 49)
    expect(till.page.locator(".line.chosen")).to_contain_text("Товар 1")
    expect(till.page.locator(".line.chosen")).to_be_in_viewport()


@pytest.mark.browser
def test_at_double_zoom_it_scrolls_one_way_only(till: Till) -> None:
    till.scan(CARD)
    till.keys("Enter")
    till.enter(MILK)
    till.shows("payable", "41,31")
    till.page.set_viewport_size({"width": 512, "height": 300})
    assert till.page.evaluate("document.documentElement.scrollWidth") == 512
    till.part("pay-cash").scroll_into_view_if_needed()
    expect(till.part("pay-cash")).to_be_in_viewport()


READ_FORMATS = """async () => {
  const f = await import('/panel/format.js');
  const t = await import('/panel/typed.js');
  const hundred = [0, 100, 200, 500, 1100, 1200, 2100, 2200, 2500, 150];
  return {
    uk: hundred.map((value) => f.bonuses(value, 'uk')),
    en: [100, 200].map((value) => f.bonuses(value, 'en')),
    pl: hundred.map((value) => f.bonuses(value, 'pl')),
    ages: ['uk', 'en', 'pl'].map((locale) => f.ageOf(7300, locale)),
    money: [0, 5, 123450, -2398, 100000000].map(f.money),
    quantity: [1000, 345, 1500, 12000000].map(f.quantity),
    typed: ['12,5', '12.50', '1 234', '', '-1', '1,234', 'abc'].map(f.parseHundredths),
    day: f.dayOf('2026-12-31'),
    time: f.timeOf('2026-11-22T12:05:00.000Z'),
    summer: f.timeOf('2026-07-01T12:05:00.000Z'),
    shares: [t.pointsOf('50%', 12345), t.pointsOf('101%', 1), t.pointsOf('7', 1)],
    times: [t.splitTimes('3*482'), t.splitTimes('0,5*'), t.splitTimes('482')],
    phones: ['067 123-45-67', '+380671234567', '8(067)1234567', '067123456'].map(t.phoneOf),
    goods: ['4820000000017', '036000291452', '96385074', '24700', 'LC1:7K3'].map(t.phoneOf),
  };
}"""


@pytest.mark.browser
def test_amounts_words_and_dates(till: Till) -> None:
    said = till.page.evaluate(READ_FORMATS)
    assert [text.replace("\u00a0", " ") for text in said["uk"]] == [
        "0 бонусів",
        "1 бонус",
        "2 бонуси",
        "5 бонусів",
        "11 бонусів",
        "12 бонусів",
        "21 бонус",
        "22 бонуси",
        "25 бонусів",
        "1,50 бонуса",
    ]
    assert said["en"] == ["1\u00a0bonus", "2\u00a0bonuses"]
    assert [text.replace("\u00a0", " ") for text in said["pl"]] == [
        "0 bonusów",
        "1 bonus",
        "2 bonusy",
        "5 bonusów",
        "11 bonusów",
        "12 bonusów",
        "21 bonusów",
        "22 bonusy",
        "25 bonusów",
        "1,50 bonusu",
    ]
    assert said["ages"] == ["2\u00a0год", "2\u00a0h", "2\u00a0godz."]
    assert said["money"] == [
        "0,00\u00a0₴",
        "0,05\u00a0₴",
        "1\u00a0234,50\u00a0₴",
        "\u221223,98\u00a0₴",
        "1\u00a0000\u00a0000,00\u00a0₴",
    ]
    assert said["quantity"] == ["1", "0,345", "1,5", "12\u00a0000"]
    assert said["typed"] == [1250, 1250, 123400, None, None, None, None]
    assert (said["day"], said["time"], said["summer"]) == ("31.12.2026", "14:05", "15:05")
    assert said["shares"] == [6172, None, 700]
    assert said["times"] == [
        {"milli": 3000, "code": "482"},
        {"milli": 500, "code": ""},
        {"milli": None, "code": "482"},
    ]
    assert said["phones"] == ["0671234567", "+380671234567", "80671234567", "067123456"]
    assert said["goods"] == [None] * 5


@pytest.mark.browser
def test_crossing_answers_and_a_cut_stream_are_read_right(till: Till) -> None:
    said = till.page.evaluate(
        """async () => {
          const { takeEvents } = await import('/panel/agent.js');
          const { saleOf } = await import('/panel/scene.js');
          const seen = [];
          let rest = takeEvents(': alive\\n\\nid: 7\\nevent: state\\nda', (e) => seen.push(e));
          const more = 'ta: {"a":1}\\n\\nevent: sale\\ndata: 2\\n';
          rest = takeEvents(rest + more, (e) => seen.push(e));
          const sale = (id, revision, state) => ({ sale_id: id, revision, state });
          const pick = (pushed, shown) => saleOf({ sale: pushed }, shown);
          return [seen, rest,
            pick(sale('a', 1, 'open'), sale('a', 2, 'open')).revision,
            pick(sale('a', 2, 'open'), sale('a', 2, 'committed')).state,
            pick(sale('a', 2, 'posted'), sale('a', 2, 'committed')).state,
            pick(sale('a', 9, 'posted'), sale('b', 1, 'open')).sale_id,
            pick(sale('c', 1, 'open'), sale('b', 1, 'open')).sale_id];
        }"""
    )
    assert said == [
        [{"id": "7", "kind": "state", "data": '{"a":1}'}],
        "event: sale\ndata: 2\n",
        2,
        "committed",
        "posted",
        "b",
        "c",
    ]


@pytest.mark.browser
def test_the_reference_page_shows_every_route(shop: Rig, chromium: Browser) -> None:
    page = chromium.new_page(viewport={"width": 1024, "height": 700})
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.goto(shop.url + "/docs")
    document = shop.http.get("/openapi.json").json()
    operations = sum(len(methods) for methods in document["paths"].values())
    expect(page.locator("article.route")).to_have_count(operations)
    expect(page.locator("#errors")).to_contain_text("cashier_message")
    expect(page.locator("#type-LineIn")).to_contain_text("unit_price_minor")
    assert [found for found in page.evaluate(CONTRAST) if found[0] < MIN_CONTRAST] == []
    assert heard == []
    page.close()
