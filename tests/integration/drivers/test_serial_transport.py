"""The serial transport on real pseudo terminals: speed of arrival, unplugging, reopening."""

import os
import threading
import tty

import pytest

from drivers.emulators.wire import PtyEndpoint
from drivers.errors import DeviceUnavailable
from drivers.transport import open_transport


@pytest.fixture
def pair():
    """A pty: our end, and the path of the other."""
    master, slave = os.openpty()
    tty.setraw(slave)
    yield master, os.ttyname(slave)
    for descriptor in (master, slave):
        try:
            os.close(descriptor)
        except OSError:
            continue


def open_fds():
    return len(os.listdir("/proc/self/fd"))


def test_bytes_go_both_ways(pair):
    master, path = pair
    port = open_transport(f"serial:{path}?baud=9600")
    os.write(master, b"hello")
    assert port.read(100, 5) == b"hello"
    port.write(b"\x01\x16\xff")
    assert os.read(master, 100) == b"\x01\x16\xff"
    port.close()


def test_a_read_returns_what_is_there_and_does_not_wait_for_more(pair):
    master, path = pair
    port = open_transport(f"serial:{path}")
    os.write(master, b"abcdef")
    assert port.read(4, 60) == b"abcd"
    assert port.read(4096, 60) == b"ef"
    threading.Timer(0.02, os.write, (master, b"late")).start()
    assert port.read(4096, 60).startswith(b"l")
    port.close()


def test_silence_is_no_bytes(pair):
    _master, path = pair
    port = open_transport(f"serial:{path}")
    assert port.read(10, 0) == b""
    assert port.read(10, 0.01) == b""
    port.close()
    port.close()


def test_one_driver_at_a_time(pair):
    _master, path = pair
    port = open_transport(f"serial:{path}")
    with pytest.raises(DeviceUnavailable) as caught:
        open_transport(f"serial:{path}")
    assert caught.value.code == "no_port"
    port.close()
    open_transport(f"serial:{path}").close()


def test_a_pulled_cable_is_noticed_by_a_waiting_read(tmp_path):
    endpoint = PtyEndpoint(tmp_path / "port")
    port = open_transport(endpoint.url)
    timer = threading.Timer(0.05, endpoint.unplug)
    timer.start()
    with pytest.raises(DeviceUnavailable) as caught:
        port.read(10, 60)
    assert caught.value.code == "port_gone"
    timer.join()
    with pytest.raises(DeviceUnavailable):
        port.write(b"x")
    port.close()


def test_after_replugging_the_same_address_works_again(tmp_path):
    endpoint = PtyEndpoint(tmp_path / "port")
    open_transport(endpoint.url).close()
    endpoint.unplug()
    with pytest.raises(DeviceUnavailable):
        open_transport(endpoint.url)
    endpoint.replug()
    port = open_transport(endpoint.url)
    endpoint.send(b"back")
    assert port.read(10, 5) == b"back"
    port.close()
    endpoint.close()
    assert not (tmp_path / "port").is_symlink()


def test_two_hundred_unplugs_leak_no_descriptor(tmp_path):
    endpoint = PtyEndpoint(tmp_path / "port")
    before = open_fds()
    for _ in range(200):
        port = open_transport(endpoint.url)
        endpoint.unplug()
        with pytest.raises(DeviceUnavailable):
            port.read(10, 60)
        port.close()
        with pytest.raises(DeviceUnavailable):
            open_transport(endpoint.url)
        endpoint.replug()
    assert open_fds() == before
    endpoint.close()


def test_a_file_is_no_serial_port(tmp_path):
    path = tmp_path / "plain"
    path.write_bytes(b"")
    with pytest.raises(DeviceUnavailable):
        open_transport(f"serial:{path}")
