"""Drivers are found by name, and their options are checked before anything is opened."""

import subprocess
import sys

import pytest

from drivers.errors import BadDeviceUrl, DeviceUnavailable
from drivers.registry import (
    BadDriverOption,
    DriverSpec,
    UnknownDriver,
    known_drivers,
    load_driver,
    open_fiscal_printer,
    open_scanner,
)


def test_the_shipped_drivers_are_known_by_kind():
    assert known_drivers() == {
        "fiscal.atol": "fiscal_printer",
        "fiscal.checkbox": "fiscal_printer",
        "fiscal.daisy": "fiscal_printer",
        "fiscal.datecs_p": "fiscal_printer",
        "fiscal.datecs_x": "fiscal_printer",
        "fiscal.datecs_ua": "fiscal_printer",
        "fiscal.maria": "fiscal_printer",
        "fiscal.shtrih": "fiscal_printer",
        "receipt.escpos": "receipt_printer",
        "scanner.camera": "scanner",
        "scanner.hidpos": "scanner",
        "scanner.serial": "scanner",
        "scanner.wedge": "scanner",
    }


def test_a_driver_module_names_itself_as_its_entry_point_does():
    for name, kind in known_drivers().items():
        spec = load_driver(name)
        assert (spec.name, spec.kind) == (name, kind)


def test_an_unknown_driver_is_refused_with_the_list():
    with pytest.raises(UnknownDriver, match=r"scanner\.serial"):
        open_scanner("scanner.magic", "tcp:127.0.0.1:1", {})


def test_a_printer_driver_does_not_open_a_scanner():
    with pytest.raises(UnknownDriver, match="is a fiscal_printer"):
        open_scanner("fiscal.datecs_ua", "tcp:127.0.0.1:1", {})


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"colour": "red"}, "no option 'colour'"),
        ({"operator": "1"}, "must be int"),
        ({"operator": True}, "must be int"),
        ({"operator": 99}, "1 to 16"),
        ({"operator_password": "abcd"}, "4 to 8 digits"),
        ({"payment_card": "X"}, "P, N, C, D"),
    ],
)
def test_a_wrong_option_is_named(options, word):
    with pytest.raises(BadDriverOption, match=word):
        open_fiscal_printer("fiscal.datecs_ua", "tcp:127.0.0.1:1", options)


def test_a_wrong_scanner_encoding_is_named():
    with pytest.raises(BadDriverOption, match="utf-8"):
        open_scanner("scanner.serial", "tcp:127.0.0.1:1", {"encoding": "koi8"})


def test_defaults_are_filled_in():
    spec = DriverSpec("x", "scanner", lambda _url, options: options, {"a": 1, "b": "two"})
    assert spec.checked({"a": 5}) == {"a": 5, "b": "two"}


def test_a_missing_port_is_unavailable_and_a_bad_address_is_not(tmp_path):
    with pytest.raises(DeviceUnavailable) as caught:
        open_scanner("scanner.serial", f"serial:{tmp_path}/none", {})
    assert caught.value.code == "no_port"
    with pytest.raises(BadDeviceUrl):
        open_scanner("scanner.serial", "nonsense", {})


def test_looking_up_names_imports_no_driver():
    program = (
        "import sys; from drivers.registry import known_drivers; assert known_drivers();"
        "print([m for m in sys.modules if m.startswith(('drivers.fiscal', 'drivers.scanner',"
        " 'drivers.emulators', 'serial'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
