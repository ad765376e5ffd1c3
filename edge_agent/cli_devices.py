"""The options of `edge-agent devices`."""

from __future__ import annotations

from edge_agent.cli_options import Commands, bounded, command, config_option, json_option

MODULE = "edge_agent.commands.devices"


def add_device_commands(devices: Commands) -> None:
    """List, test and console of the group `devices`."""
    listed = command(
        devices,
        "list",
        f"{MODULE}:list_devices",
        "the devices of the settings, the serial ports here, and the drivers there are",
    )
    json_option(listed)
    tested = command(
        devices,
        "test",
        f"{MODULE}:test_devices",
        "open each device, say who and how it is, and what to change; prints nothing fiscal",
    )
    tested.add_argument(
        "--scan", type=bounded(0, 120), default=0, metavar="S", help="wait so long for a scan"
    )
    tested.add_argument(
        "--print", action="store_true", help="print a test slip on a receipt printer"
    )
    console = command(
        devices, "console", f"{MODULE}:console", "show scans as they come, or ask a printer"
    )
    console.add_argument("device", nargs="?", default="", help="scanner or printer of the settings")
    console.add_argument(
        "--count",
        type=bounded(1, 1_000_000),
        default=1_000_000,
        metavar="N",
        help="end after so many scans",
    )
    for parser in (tested, console):
        parser.add_argument("--driver", default="", help="a device that is not in the settings")
        parser.add_argument("--url", default="", help="its address, with --driver")
    for parser in (listed, tested, console):
        config_option(parser)
