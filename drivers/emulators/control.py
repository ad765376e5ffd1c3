"""The control server of a bench, on 127.0.0.1: what a person or a test steers emulators with.

GET  /                             a page with the paper of every printer; /page.css, /page.js
GET  /devices                      every device, its address, its state
POST /devices/NAME/send            {"script": "scan ]E0042…; wait 50"}
GET  /devices/NAME/paper           the paper as text; ?last=N for its last slips only
GET  /devices/NAME/receipts        the slips as JSON, oldest first; ?last=N as above
GET  /devices/NAME/receipts/N.png  a slip as a picture; N is its place in that list, from 1
GET  /devices/NAME/frames          the last 200 frames, hex
"""

from __future__ import annotations

import json
import re
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from drivers.emulators.escpos.slip import Slip
from drivers.emulators.fleet import Fleet, UnknownDevice
from drivers.emulators.script import ScriptError

MAX_BODY = 100_000
LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost"})
_ROUTE = re.compile(r"/devices/(?P<name>[^/]+)/(?P<what>paper|receipts|frames|send)(?P<rest>/.*)?")
_PAGE = {
    "/": ("page.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
}
_PICTURE = re.compile(r"/(?P<number>\d{1,7})\.png")


class _Answer(Exception):
    """An error to send to the client."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class _Server(ThreadingHTTPServer):
    """A browser that leaves in the middle of an answer is no error."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class ControlServer:
    """Serves one fleet until closed."""

    def __init__(self, fleet: Fleet, port: int = 0) -> None:
        handler = type("BenchHandler", (_Handler,), {"fleet": fleet})
        self._server = _Server(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="control")
        self._thread.start()

    @property
    def url(self) -> str:
        """Base address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    fleet: Fleet
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        self._guarded(self._get)

    def do_POST(self) -> None:
        self._guarded(self._post)

    def log_message(self, format: str, *args: Any) -> None:
        """Silence: the bench's output is its one ready line."""

    def _guarded(self, work: Any) -> None:
        try:
            host = (self.headers.get("Host") or "").rpartition(":")[0] or self.headers.get("Host")
            if host not in LOCAL_HOSTS:
                raise _Answer(HTTPStatus.FORBIDDEN, "only for this machine")
            work()
        except _Answer as error:
            self._json({"error": str(error)}, error.status)
        except UnknownDevice as error:
            self._json({"error": str(error)}, HTTPStatus.NOT_FOUND)
        except ScriptError as error:
            self._json({"error": str(error)}, HTTPStatus.BAD_REQUEST)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _get(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if path in _PAGE:
            name, kind = _PAGE[path]
            page = (resources.files("drivers.emulators") / name).read_bytes()
            self._send(page, f"{kind}; charset=utf-8")
        elif path == "/devices":
            self._json(self.fleet.describe())
        else:
            self._get_of_device(path)

    def _get_of_device(self, path: str) -> None:
        match = _ROUTE.fullmatch(path)
        if match is None or match["what"] == "send":
            raise _Answer(HTTPStatus.NOT_FOUND, f"nothing at {path}")
        printer = self.fleet.printer(match["name"])
        if match["what"] == "frames":
            frames = [{"direction": way, "hex": text} for way, text in printer.frames()]
            self._json(frames)
            return
        slips = list(enumerate(printer.documents(), 1))
        if match["what"] == "receipts" and match["rest"]:
            self._picture([document for _, document in slips], match["rest"])
            return
        chosen = slips[-self._last() :]
        if match["what"] == "paper":
            text = "\n\n".join(document.text() for _, document in chosen)
            self._send(text.encode(), "text/plain; charset=utf-8")
        else:
            self._json([{"place": place, **document.to_json()} for place, document in chosen])

    def _last(self) -> int:
        given = parse_qs(urlsplit(self.path).query).get("last", ["0"])[0]
        if not given.isdecimal():
            raise _Answer(HTTPStatus.BAD_REQUEST, "last must be a whole number")
        return int(given)

    def _picture(self, documents: list[Any], rest: str) -> None:
        match = _PICTURE.fullmatch(rest)
        if match is None or not 1 <= int(match["number"]) <= len(documents):
            raise _Answer(HTTPStatus.NOT_FOUND, f"there are {len(documents)} slips")
        # Pillow takes 60 ms to import; most benches never ask for a picture.
        from drivers.emulators.paper_png import render_png

        document = documents[int(match["number"]) - 1]
        is_slip = isinstance(document, Slip)
        self._send(document.png() if is_slip else render_png(document), "image/png")

    def _post(self) -> None:
        match = _ROUTE.fullmatch(unquote(urlsplit(self.path).path))
        if match is None or match["what"] != "send" or match["rest"]:
            raise _Answer(HTTPStatus.NOT_FOUND, f"nothing to post to at {self.path}")
        script = self._read_json().get("script")
        if not isinstance(script, str):
            raise _Answer(HTTPStatus.BAD_REQUEST, 'the body must be {"script": "…"}')
        device = self.fleet.get(match["name"])
        device.send(script)
        self._json({"ok": True})

    def _read_json(self) -> dict[str, Any]:
        # A page of another site may post a form here, but not JSON.
        if self.headers.get_content_type() != "application/json":
            raise _Answer(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body must be JSON")
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BODY:
            raise _Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {MAX_BODY} bytes")
        try:
            body = json.loads(self.rfile.read(int(length)))
        except ValueError:
            raise _Answer(HTTPStatus.BAD_REQUEST, "the body is not JSON") from None
        if not isinstance(body, dict):
            raise _Answer(HTTPStatus.BAD_REQUEST, "the body must be an object")
        return body

    def _json(self, value: Any, status: HTTPStatus = HTTPStatus.OK) -> None:
        body = json.dumps(value, ensure_ascii=False).encode()
        self._send(body, "application/json; charset=utf-8", status)

    def _send(self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)
