"""The whole store of `packaging/bench/store.toml`, and its page in a real Chromium."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from drivers.conformance.receipt_printer import slip_job
from drivers.conformance.samples import MemoryJournal, sample_job
from drivers.emulators.bench_file import read_bench_file
from drivers.emulators.control import ControlServer
from drivers.emulators.fleet import Fleet
from drivers.registry import open_printer
from loyalty.receipt import ReceiptText
from tests.support.live_register import until

STORE = Path(__file__).parents[3] / "packaging" / "bench" / "store.toml"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE_MS = 30_000


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Every device of the file on a place of this test's own, and its control server."""
    folder, fleet = tmp_path_factory.mktemp("store"), Fleet()
    for entry in read_bench_file(STORE).devices:
        link, tcp = str(folder / entry.name) if entry.link else "", "127.0.0.1:0"
        quick = {} if entry.kind == "scanner" else {"delay_ms": 0}
        settings = {**entry.settings, **quick}
        fleet.start(replace(entry, link=link, tcp="" if link else tcp, settings=settings))
    server = ControlServer(fleet)
    yield fleet, server.url
    server.close()
    fleet.close()


@pytest.fixture(scope="module")
def chromium():
    if CHROMIUM is None:
        pytest.skip("needs Chromium: no `chromium` on the PATH")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


def print_on(fleet, name, job_id):
    device = fleet.printer(name)
    dialect = device.describe().get("dialect", "checkbox")
    kind = "receipt.escpos" if dialect == "escpos" else f"fiscal.{dialect}"
    printer = open_printer(kind, device.url, {})
    text = ReceiptText((f"Чек {job_id}",))
    job = slip_job(job_id, f"Чек {job_id}") if dialect == "escpos" else sample_job(job_id, 1, text)
    outcome = printer.print_receipt(job, MemoryJournal())
    printer.close()
    return outcome.verdict


def test_every_printer_of_the_store_prints_for_its_driver(store):
    fleet, _ = store
    printers = [n for n in fleet.names() if fleet.get(n).kind == "printer"]
    assert len(printers) == 10
    assert {print_on(fleet, name, "first") for name in printers} == {"printed"}


@pytest.mark.browser
def test_a_tester_tears_paper_opens_covers_and_pulls_cables(store, chromium):
    fleet, url = store
    page = chromium.new_page(viewport={"width": 1500, "height": 1100})
    page.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.goto(url)
    name = "till3-fiscal"
    till = page.locator(f"[data-device={name}]")
    assert print_on(fleet, name, "on-the-page") == "printed"
    expect(till.locator(".paper img").first).to_have_attribute("alt", re.compile("on-the-page"))
    till.get_by_role("button", name="Відірвати").click()
    expect(till.locator(".paper img")).to_have_count(0)

    def state(key):
        return fleet.printer(name).describe()["state"][key]

    for button, key, value in (
        ("Папір: є", "paper", "low"),
        ("Папір: мало", "paper", "out"),
        ("Кришка: закр.", "cover_open", True),
        ("Кабель: є", "plugged", False),
    ):
        till.get_by_role("button", name=button).click()
        until(button, lambda key=key, value=value: state(key) == value)
    expect(till.locator(".led")).to_have_class("led bad")
    till.get_by_role("button", name="Кабель: нема").click()
    till.locator("summary").click()
    till.get_by_role("button", name="Загубити на закритті").click()
    expect(till.locator(".waits")).to_contain_text("drop_reply")
    till.get_by_role("button", name="Без збоїв").click()
    expect(till.locator(".led")).to_have_class("led")
    assert fleet.printer(name).describe()["faults"] == []
    till.get_by_role("textbox").fill("drop_reply many")
    till.get_by_role("button", name="Надіслати").click()
    expect(till.locator(".state")).to_contain_text("many")
    slips = page.locator("[data-device=till1-slips]")
    assert print_on(fleet, "till1-slips", "slip-shown") == "printed"
    expect(slips.locator(".paper img").first).to_have_attribute("alt", re.compile("slip-shown"))
    page.close()
    assert [text for text in wrong if "400" not in text] == []
