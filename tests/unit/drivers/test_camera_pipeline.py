"""The decoding itself, on real pictures and on a phone's screen; no camera, no clock."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import zxingcpp
from PIL import Image
from segno import encoder

from bench.decoders import main as decoders_main
from bench.screens import shown
from bench.screens_made import Screen, Spoilt
from drivers.emulators.phone_screen import Damage, phone_scene
from drivers.scanner.camera.gate import FrozenWatch, MotionGate, quality
from drivers.scanner.camera.pipeline import Pipeline
from drivers.scanner.camera.readers import Gray, Prepared, read_zbar
from drivers.scanner.camera.sources import FolderSource, fastest, measured_rate
from drivers.scanner.camera.symbology import PLAIN_FORMATS
from drivers.scanner.camera.upright import read_found
from drivers.scanner.camera.zbar_link import ZbarLink

PICTURES = Path(__file__).parents[2] / "data" / "barcodes"
CODE = "LC1:0000000001Y"
SIZE = (1280, 720)


@pytest.fixture(scope="module")
def zbar() -> Iterator[ZbarLink]:
    link = ZbarLink(qr_pause_s=0.0)
    assert link.start(60)
    yield link
    link.close()


def frame(picture: Image.Image) -> Gray:
    return np.asarray(picture, dtype=np.uint8)


def read(pixels: Gray, zbar: ZbarLink) -> set[str]:
    pipeline = Pipeline(PLAIN_FORMATS, zbar)
    looks = [pipeline.look(pixels, place / 15) for place in range(10)]
    return {reading.text for look in looks for reading in look.believed}


@pytest.mark.parametrize(
    "damage",
    [
        Damage(blur=3.5),
        Damage(motion=11),
        Damage(rotation=37),
        Damage(rotation=215),
        Damage(gain=0.08),
        Damage(gain=4.0),
        Damage(glare=1.0),
        Damage(noise=60),
        Damage(blur=1.5, motion=4, rotation=20, gain=0.5, noise=8),
    ],
    ids=["blur", "motion", "turned", "upside", "dim", "bright", "glare", "noise", "all"],
)
def test_a_members_qr_on_a_spoilt_screen(damage: Damage, zbar: ZbarLink) -> None:
    assert read(frame(phone_scene(CODE, SIZE, 260, damage)), zbar) == {CODE}


def test_a_small_qr(zbar: ZbarLink) -> None:
    assert read(frame(phone_scene(CODE, SIZE, 60)), zbar) == {CODE}


@pytest.mark.parametrize("turned", [0, 45, 300])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_small_ean_at_an_angle(turned: int, seed: int, zbar: ZbarLink) -> None:
    screen = Screen("ean13", Spoilt(size=170, turned=turned), seed)
    frames, wrong = shown(screen, zbar)
    assert (frames > 0, wrong) == (True, set())


@pytest.mark.parametrize(
    "spoilt",
    [Spoilt(size=60), Spoilt(blur=3.5), Spoilt(motion=11), Spoilt(gain=9.0), Spoilt(noise=60.0)],
    ids=["small", "blur", "motion", "bright", "noise"],
)
def test_a_qr_at_the_edge_of_what_is_promised(spoilt: Spoilt, zbar: ZbarLink) -> None:
    frames, wrong = shown(Screen("qr", spoilt, 3), zbar)
    assert (frames > 0, wrong) == (True, set())


def test_light_on_dark_is_left_to_the_rungs_and_read(zbar: ZbarLink) -> None:
    dark = 255 - Screen("qr", Spoilt(), 4).frame()
    text = Screen("qr", Spoilt(), 4).text
    assert not Pipeline(PLAIN_FORMATS, zbar).look(dark, 0.0, with_rung=False).read
    assert read(dark, zbar) == {text}


def test_what_opencv_makes_out_of_other_bars_is_dropped() -> None:
    """A detector that sees an EAN-13 in a Code 128, as OpenCV does in clutter."""
    made = zxingcpp.create_barcode("MEMBER-000123", zxingcpp.BarcodeFormat.Code128)
    bars = np.array(made.to_image(scale=3), dtype=np.uint8)
    bars = cv2.copyMakeBorder(bars, 60, 60, 60, 60, cv2.BORDER_CONSTANT, value=(255,))
    quad = np.array([[60, 160], [60, 60], [bars.shape[1] - 60, 60], [bars.shape[1] - 60, 160]])

    class Inventive:
        def detectAndDecodeWithType(self, _pixels: Gray) -> tuple[object, ...]:
            return True, ("4006381333931",), ("EAN_13",), quad[None].astype(np.float32)

    found = read_found(Prepared(bars, "plain"), Inventive(), ("ean13", "code128"))
    assert [(one.symbology, one.text) for one in found] == [("code128", "MEMBER-000123")]
    assert read_found(Prepared(bars, "plain"), Inventive(), ("ean13",)) == []
    blank = np.full(bars.shape, 255, np.uint8)
    alone = read_found(Prepared(blank, "plain"), Inventive(), ("ean13",))
    assert [(one.text, one.is_sure) for one in alone] == [("4006381333931", False)]


def test_an_empty_counter_holds_nothing(zbar: ZbarLink) -> None:
    rng = np.random.default_rng(7)
    assert read(rng.integers(0, 255, (720, 1280), dtype=np.uint8), zbar) == set()


def test_ours_leads_on_the_pictures_kept_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert decoders_main([str(PICTURES)]) == 0
    assert "decoders: met" in capsys.readouterr().out.splitlines()[-1]


def test_a_wrong_truth_is_found_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = next(PICTURES.glob("EAN-13/*.png"))
    (tmp_path / "a.png").write_bytes(picture.read_bytes())
    (tmp_path / "b.png").write_bytes(b"no picture")
    rows = [
        "file,symbology,text",
        "a.png,EAN-13,4006381333931",
        "b.png,QR,x",
        "gone.png,QR,x",
        ",,",
        "a.png",
    ]
    (tmp_path / "truth.csv").write_text("\n".join(rows))
    assert decoders_main([str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "EAN-13 has 1 wrong" in out
    assert "1 unreadable pictures" in out
    assert "2 rows without file or text" in out


def test_a_folder_without_pictures_cannot_be_measured(tmp_path: Path) -> None:
    assert decoders_main([str(tmp_path)]) == 2


def crafted_qr() -> Gray:
    """Structured append: zbar gives a kind of symbol that makes pyzbar raise."""
    bits = [(3, 4), (1, 4), (0, 4), (55, 8), (4, 4), (2, 8), (65, 8), (66, 8)]
    write = encoder.write_segment
    try:
        encoder.write_segment = lambda buffer, *_rest: [buffer.append_bits(*each) for each in bits]
        code = encoder.encode("A", version=2, micro=False, error="l", boost_error=False)
    finally:
        encoder.write_segment = write
    modules = np.array([list(row) for row in code.matrix], dtype=np.uint8)
    return np.kron(np.pad(255 * (1 - modules), 4, constant_values=255), np.ones((6, 6))).astype(
        np.uint8
    )


def test_a_crafted_qr_costs_one_picture() -> None:
    good = frame(phone_scene(CODE, (640, 480)))
    link = ZbarLink(qr_pause_s=0.0)
    try:
        assert link.start(60)
        read_zbar(Prepared(crafted_qr(), "plain"), ("qr",), link)
        assert link.start(60)
        assert [r.text for r in read_zbar(Prepared(good, "plain"), ("qr",), link)] == [CODE]
    finally:
        link.close()


def test_zbar_that_aborts_is_started_again_and_kept_from_qr_for_a_while() -> None:
    good = frame(phone_scene(CODE, (640, 480)))
    link = ZbarLink()
    try:
        assert link.start(60)
        os.kill(link.pid, signal.SIGABRT)
        assert read_zbar(Prepared(good, "plain"), ("qr", "ean13"), link) == []
        assert link.crashes == 1
        assert link.start(60)
        assert read_zbar(Prepared(good, "plain"), ("qr", "ean13"), link) == []
        assert link.crashes == 1
    finally:
        link.close()


def test_the_gate_sees_a_small_code_and_no_noise() -> None:
    rng = np.random.default_rng(3)
    gate = MotionGate()
    still = np.full((720, 1280), 100, np.uint8)
    noisy = [(still + rng.integers(-12, 12, still.shape)).astype(np.uint8) for _ in range(4)]
    assert gate.moved(noisy[0])
    assert not any(gate.moved(each) for each in noisy[1:])
    shown = noisy[0].copy()
    shown[600:660, 1100:1160] = frame(phone_scene(CODE, (60, 60), 60))[:60, :60]
    assert gate.moved(shown)


def test_a_frozen_picture_is_found_out_and_a_lens_cap_is_not() -> None:
    picture = frame(phone_scene(CODE, (320, 240), 100))
    watch = FrozenWatch()
    assert not any(watch.is_frozen(picture, t / 2) for t in range(5))
    assert watch.is_frozen(picture, 2.6)
    watch = FrozenWatch()
    assert not any(watch.is_frozen(np.zeros((240, 320), np.uint8), t / 2) for t in range(20))


def test_quality_tells_dim_soft_and_burnt_out() -> None:
    good = quality(frame(phone_scene(CODE, SIZE)))
    assert quality(frame(phone_scene(CODE, SIZE, 260, Damage(blur=4)))).sharpness < good.sharpness
    assert quality(frame(phone_scene(CODE, SIZE, 260, Damage(gain=0.1)))).mean < good.mean
    assert quality(frame(phone_scene(CODE, SIZE, 260, Damage(gain=4)))).bright_percent > 50


def test_the_backend_that_keeps_the_rate_is_taken(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((20, 20), np.uint8))
    opened: list[int] = []

    def opener(fps: int) -> FolderSource:
        opened.append(fps)
        return FolderSource(tmp_path, fps)

    source = fastest([lambda: opener(2), lambda: opener(60)], 15, "none")
    begun = time.monotonic()
    rate = measured_rate(source)
    assert opened[:2] == [2, 60]
    assert rate > 2.5 or time.monotonic() - begun > 5
