"""B4: a copied disk on another machine, and yesterday's image on its own, spend no right."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from edge_agent.anchor import SLOT_BYTES, Anchor
from edge_agent.config import load_settings
from edge_agent.head_guard import anchor_of
from edge_agent.ledger.heads import HeadMark
from tests.support.rig import CARD, Rig, answer, line, payment, sell

HERE, ELSEWHERE = "installation a\ndisk 1", "installation a\ndisk 2"
"""A clone carries the installation's id with it; the disk's serial it does not."""


@pytest.fixture
def till(tmp_path: Path) -> Iterator[Rig]:
    """A register enrolled on this machine, stopped, with one lease spent in part."""
    rig = Rig(tmp_path / "till")
    settings = load_settings(rig.config)
    anchor = anchor_of(settings, rig.identity, HERE)
    anchor.path.unlink()
    anchor.write(HeadMark(1))
    with _running(rig, HERE):
        assert _spend(rig, 1_000) == (1_000, "")
    yield rig
    rig.stop()


@contextmanager
def _running(rig: Rig, machine: str) -> Iterator[Rig]:
    rig.start(machine)
    try:
        yield rig
    finally:
        rig.stop()


def _spend(rig: Rig, points: int) -> tuple[int, str]:
    """Points that a sale of a hundred hryvnias redeemed, and why not more."""
    view = sell(rig.http, [line(1, "bread", 10_000)], card=CARD, redeem=points)
    assert view["state"] == "posted"
    assert view["accrual_points"] > 0, "the sale goes on and earns"
    return view["redeemed_minor"], view["redeem"]["reason"]


def _head(rig: Rig) -> str:
    return str(answer(rig.http.get("/v1/status"))["head"])


def test_the_same_disk_on_the_same_machine_goes_on(till: Rig) -> None:
    with _running(till, HERE):
        assert _head(till) == "confirmed"
        assert _spend(till, 5_000) == (5_000, "")
        assert _spend(till, 1_000)[0] == 0


def test_a_clone_on_a_second_machine_only_earns(till: Rig) -> None:
    # The whole folder is copied, the anchor with it: an image takes everything along.
    with _running(till, ELSEWHERE):
        assert _head(till) == "other_machine"
        view = sell(till.http, [line(1, "bread", 10_000)], card=CARD, redeem=True)
        assert (view["redeemed_minor"], view["redeem"]["reason"]) == (0, "head_unconfirmed")
        assert "нарахов" in view["redeem"]["sentence"]
        assert view["accrual_points"] == 500


def test_yesterdays_image_on_the_same_machine_only_earns(till: Rig, tmp_path: Path) -> None:
    data = till.folder / "data"
    shutil.copytree(data, tmp_path / "image")
    with _running(till, HERE):
        assert _spend(till, 2_000) == (2_000, "")
    shutil.rmtree(data)
    shutil.copytree(tmp_path / "image", data)
    for _ in range(2):
        with _running(till, HERE):
            assert _head(till) == "older_image"
            assert _spend(till, 1_000) == (0, "head_unconfirmed")


def test_an_image_that_sold_on_until_it_was_as_long_is_still_told_apart(
    till: Rig, tmp_path: Path
) -> None:
    data = till.folder / "data"
    shutil.copytree(data, tmp_path / "image")
    with _running(till, HERE):
        _spend(till, 2_000)
    shutil.rmtree(data)
    shutil.copytree(tmp_path / "image", data)
    with _running(till, ELSEWHERE):
        for _ in range(3):
            sell(till.http, [line(1, "bread", 2_750)])
    with _running(till, HERE):
        assert _head(till) == "older_image"
        assert _spend(till, 1_000) == (0, "head_unconfirmed")


def test_a_promise_out_of_an_old_image_is_not_kept(till: Rig, tmp_path: Path) -> None:
    data = till.folder / "data"
    sale_id = str(uuid.uuid4())
    with _running(till, HERE):
        body = {
            "identity": {"code": CARD, "source": "scanner"},
            "basket": {"lines": [line(1, "bread", 10_000)]},
        }
        answer(till.http.post(f"/v1/sales/{sale_id}/open", json=body))
        view = answer(till.http.post(f"/v1/sales/{sale_id}/redeem", json={"points": 3_000}))
        assert view["redeemed_minor"] == 3_000
    shutil.copytree(data, tmp_path / "image")
    with _running(till, HERE):
        answer(till.http.post(f"/v1/sales/{sale_id}/confirm", json=payment(view)))
    shutil.rmtree(data)
    shutil.copytree(tmp_path / "image", data)
    with _running(till, HERE):
        refused = till.http.post(f"/v1/sales/{sale_id}/confirm", json=payment(view))
        assert (refused.status_code, refused.json()["code"]) == (409, "sum_changed")
        now: dict[str, Any] = answer(till.http.get(f"/v1/sales/{sale_id}/status"))
        assert now["redeemed_minor"] == 0
        done = answer(till.http.post(f"/v1/sales/{sale_id}/confirm", json=payment(now)))
        assert (done["state"], done["redeemed_minor"]) == ("posted", 0)


def test_without_its_anchor_a_register_waits_for_the_centre(till: Rig) -> None:
    shutil.rmtree(load_settings(till.config).anchor_dir)
    with _running(till, HERE):
        assert _head(till) == "no_anchor"
        assert _spend(till, 1_000) == (0, "head_unconfirmed")


def test_an_anchor_that_cannot_be_written_costs_the_rights_and_no_sale(till: Rig) -> None:
    folder = load_settings(till.config).anchor_dir
    with _running(till, HERE):
        shutil.rmtree(folder)
        folder.write_text("a file where the folder was", encoding="ascii")
        assert _spend(till, 1_000) == (1_000, "")
        assert _head(till) == "anchor_failed"
        assert _spend(till, 1_000) == (0, "head_unconfirmed")


def test_a_torn_slot_leaves_the_one_before(tmp_path: Path) -> None:
    anchor = Anchor(tmp_path, "R1", b"s" * 32, HERE)
    marks = [HeadMark(1, seq, bytes([seq]) * 32) for seq in range(1, 6)]
    for mark in marks:
        anchor.write(mark)
        assert Anchor(tmp_path, "R1", b"s" * 32, HERE).read() == mark
    data = bytearray(anchor.path.read_bytes())
    assert len(data) == 2 * SLOT_BYTES
    newest = 5 % 2 * SLOT_BYTES
    whole = len(data[newest : newest + SLOT_BYTES].rstrip())
    for at in range(newest, newest + whole, 7):
        torn = data[:at] + bytes(newest + SLOT_BYTES - at) + data[newest + SLOT_BYTES :]
        anchor.path.write_bytes(torn)
        assert Anchor(tmp_path, "R1", b"s" * 32, HERE).read() == marks[3]
    anchor.path.write_bytes(b"\0" * 2 * SLOT_BYTES)
    assert Anchor(tmp_path, "R1", b"s" * 32, HERE).read() == "anchor_damaged"
    assert Anchor(tmp_path, "R2", b"s" * 32, HERE).read() == "anchor_damaged"
