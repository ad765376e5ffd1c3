"""`python -m drivers.tap`: the tap's command line.

    python -m drivers.tap --pos tcp:127.0.0.1:9100 --printer tcp:192.168.1.50:9100 \\
        --agent http://127.0.0.1:8750/v1/tap/lines --token-file /var/lib/loyalty-edge/token
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from drivers.base import Transport
from drivers.errors import DeviceError, DeviceUnavailable
from drivers.receipt.letters import PAGES
from drivers.tap.advice import Agent
from drivers.tap.proxy import SocketPort, TapOptions, serve
from drivers.tap.supervisor import Supervisor
from drivers.transport import open_transport
from drivers.transport.device_url import SerialUrl, TcpUrl, parse_device_url

RETRY_S: Final = 0.2


def build_parser() -> argparse.ArgumentParser:
    """Options of the tap."""
    parser = argparse.ArgumentParser(prog="python -m drivers.tap", description=__doc__)
    parser.add_argument("--pos", required=True, help="where the POS prints: tcp:HOST:PORT, serial:")
    parser.add_argument("--printer", required=True, help="the printer: tcp:HOST:PORT or serial:")
    parser.add_argument(
        "--agent", help="the agent's address for lines; without it nothing is added"
    )
    parser.add_argument("--token-file", type=Path, help="file with the register's token")
    parser.add_argument("--columns", type=int, default=48, help="characters of a line")
    parser.add_argument("--page", type=int, default=17, help="number of ESC t for our lines")
    parser.add_argument("--letters", default="cp866", choices=PAGES, help="what that page is")
    parser.add_argument("--no-qr", action="store_true", help="the printer has no QR of its own")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--socket", type=int, help=argparse.SUPPRESS)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; 0 stopped, 2 could not run."""
    given = list(sys.argv[1:] if argv is None else argv)
    arguments = build_parser().parse_args(given)
    try:
        options = _options(arguments)
        target = parse_device_url(arguments.pos)
        parse_device_url(arguments.printer)
        if arguments.worker:
            _work(arguments, target, options)
            return 0
        listener = None
        if isinstance(target, TcpUrl):
            listener = _listen(target)
            port = listener.getsockname()[1]
            print(json.dumps({"event": "ready", "pos": f"tcp:{target.host}:{port}"}), flush=True)
        return Supervisor(given, listener).run()
    except (DeviceError, OSError, ValueError) as error:
        print(f"tap: {error}", file=sys.stderr)
        return 2


def _options(arguments: argparse.Namespace) -> TapOptions:
    if not 16 <= arguments.columns <= 64 or not 0 <= arguments.page <= 255:
        raise ValueError("--columns must be 16 to 64 and --page 0 to 255")
    agent = Agent(arguments.agent, arguments.token_file) if arguments.agent else None
    page = (arguments.page, arguments.letters)
    return TapOptions(agent, arguments.columns, page, not arguments.no_qr)


def _listen(target: TcpUrl) -> socket.socket:
    family = socket.AF_INET6 if ":" in target.host else socket.AF_INET
    return socket.create_server((target.host, target.port), family=family)


def _work(arguments: argparse.Namespace, target: SerialUrl | TcpUrl, options: TapOptions) -> None:
    serve(_acceptor(arguments, target), lambda: open_transport(arguments.printer), options)


def _acceptor(arguments: argparse.Namespace, target: SerialUrl | TcpUrl) -> Callable[[], Transport]:
    if isinstance(target, SerialUrl):
        return lambda: _patiently(arguments.pos)
    listener = (
        _listen(target) if arguments.socket is None else socket.socket(fileno=arguments.socket)
    )
    return lambda: SocketPort(listener.accept()[0])


def _patiently(url: str) -> Transport:
    """The serial port to the POS, as soon as it is there."""
    while True:
        try:
            return open_transport(url)
        except DeviceUnavailable:
            time.sleep(RETRY_S)
