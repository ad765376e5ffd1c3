"""Device addresses: what is read, and how a bad one is refused."""

import pytest

from drivers.errors import BadDeviceUrl
from drivers.transport.device_url import SerialUrl, TcpUrl, parse_device_url


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("serial:/dev/ttyACM0", SerialUrl("/dev/ttyACM0", 115_200)),
        ("serial:/dev/ttyUSB0?baud=9600", SerialUrl("/dev/ttyUSB0", 9600)),
        ("serial:COM3?baud=19200", SerialUrl("COM3", 19_200)),
        ("tcp:192.168.1.7:9100", TcpUrl("192.168.1.7", 9100)),
        ("tcp:[::1]:9100", TcpUrl("::1", 9100)),
    ],
)
def test_addresses_that_can_be_read(url, target):
    assert parse_device_url(url) == target


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("", "serial:"),
        ("/dev/ttyACM0", "serial:"),
        ("usb:1234", "serial:"),
        ("serial:", "names no port"),
        ("serial:/dev/x?speed=9600", "'speed'"),
        ("serial:/dev/x?baud=fast", "baud must be"),
        ("serial:/dev/x?baud=100", "baud must be"),
        ("serial:/dev/\0x", "NUL"),
        ("tcp:host", "tcp:HOST:PORT"),
        ("tcp:host:0", "1 to 65535"),
        ("tcp:host:99999", "1 to 65535"),
        ("tcp:host:²", "1 to 65535"),
        ("serial:" + "x" * 600, "longer than"),
    ],
)
def test_a_bad_address_says_what_is_wrong(url, word):
    with pytest.raises(BadDeviceUrl, match=word) as caught:
        parse_device_url(url)
    assert caught.value.code == "bad_device_url"
