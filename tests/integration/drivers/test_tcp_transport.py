"""The TCP transport against the emulators' listening end."""

import pytest

from drivers.emulators.wire import open_endpoint
from drivers.errors import DeviceUnavailable
from drivers.transport import open_transport


@pytest.fixture
def endpoint():
    made = open_endpoint(tcp="127.0.0.1:0")
    yield made
    made.close()


def received(endpoint, count):
    data = b""
    for _ in range(10_000):
        data += endpoint.receive()
        if len(data) >= count:
            break
    return data


def test_bytes_go_both_ways(endpoint):
    port = open_transport(endpoint.url)
    port.write(b"ping")
    assert received(endpoint, 4) == b"ping"
    endpoint.send(b"pong")
    assert port.read(100, 5) == b"pong"
    assert port.read(100, 0) == b""
    port.close()
    port.close()


def test_a_closed_connection_is_unavailable_and_can_be_opened_again(endpoint):
    port = open_transport(endpoint.url)
    port.write(b"x")
    received(endpoint, 1)
    endpoint.unplug()
    with pytest.raises(DeviceUnavailable) as caught:
        port.read(10, 5)
    assert caught.value.code == "port_gone"
    port.close()
    with pytest.raises(DeviceUnavailable):
        open_transport(endpoint.url)
    endpoint.replug()
    again = open_transport(endpoint.url)
    again.write(b"y")
    assert received(endpoint, 1) == b"y"
    again.close()


def test_a_newer_driver_takes_over(endpoint):
    first = open_transport(endpoint.url)
    first.write(b"1")
    assert received(endpoint, 1) == b"1"
    second = open_transport(endpoint.url)
    second.write(b"2")
    assert received(endpoint, 1) == b"2"
    with pytest.raises(DeviceUnavailable):
        first.read(10, 5)
    first.close()
    second.close()


def test_nobody_listens(endpoint):
    url = endpoint.url
    endpoint.close()
    with pytest.raises(DeviceUnavailable) as caught:
        open_transport(url)
    assert caught.value.code == "no_port"
