"""A USB reader is found by its ids wherever it comes back; doubt is an error, not a guess."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from drivers.errors import BadDeviceUrl, DeviceUnavailable
from drivers.scanner.serial_place import place_of


@dataclass
class Port:
    device: str
    vid: int | None = None
    pid: int | None = None
    serial_number: str | None = None
    location: str | None = None


LEFT = Port("/dev/ttyACM0", 0x0C2E, 0x0B61, "A1", "1-1.2")
RIGHT = Port("/dev/ttyACM1", 0x0C2E, 0x0B61, "B2", "1-1.3")
OTHER = Port("/dev/ttyUSB0", 0x1A86, 0x7523, None, "1-4")
PLAIN = Port("/dev/ttyS0")


@pytest.mark.parametrize(
    ("url", "device"),
    [
        ("usbserial:0c2e:0b61:A1", "serial:/dev/ttyACM0"),
        ("usbserial:0C2E:0B61:B2?baud=9600", "serial:/dev/ttyACM1?baud=9600"),
        ("usbserial:0c2e:0b61@1-1.3", "serial:/dev/ttyACM1"),
        ("usbserial:1a86:7523", "serial:/dev/ttyUSB0"),
    ],
)
def test_by_ids_serial_number_or_socket(url, device) -> None:
    assert place_of(url, lambda: [PLAIN, LEFT, RIGHT, OTHER]).url == device


def test_it_comes_back_under_another_number() -> None:
    url = "usbserial:0c2e:0b61:A1"
    assert place_of(url, lambda: [LEFT]).url == "serial:/dev/ttyACM0"
    moved = Port("COM7", 0x0C2E, 0x0B61, "A1", "1-9")
    assert place_of(url, lambda: [OTHER, moved]).url == "serial:COM7"


def test_two_that_fit_are_named_with_their_sockets() -> None:
    with pytest.raises(DeviceUnavailable, match=r"@1-1\.2, @1-1\.3") as caught:
        place_of("usbserial:0c2e:0b61", lambda: [LEFT, RIGHT])
    assert caught.value.code == "several_ports"


def test_not_plugged_in() -> None:
    with pytest.raises(DeviceUnavailable) as caught:
        place_of("usbserial:0c2e:0b61:C3", lambda: [LEFT, RIGHT])
    assert caught.value.code == "no_port"


@pytest.mark.parametrize(
    "url", ["usbserial:", "usbserial:0c2e", "usbserial:zzzz:0b61", "usbserial:0c2e:0b61:"]
)
def test_an_address_that_cannot_be_read(url) -> None:
    with pytest.raises(BadDeviceUrl):
        place_of(url, lambda: [LEFT])


@pytest.mark.parametrize(
    ("url", "vendor_id"),
    [("serial:/dev/ttyACM0?baud=9600", 0x0C2E), ("serial:/dev/ttyS0", None), ("tcp:h:1", None)],
)
def test_the_vendor_behind_a_plain_address(url, vendor_id) -> None:
    place = place_of(url, lambda: [PLAIN, LEFT])
    assert (place.url, place.vendor_id) == (url, vendor_id)
