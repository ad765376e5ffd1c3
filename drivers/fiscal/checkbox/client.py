"""REST calls to Checkbox: sign-in, at most 15 requests in 10 seconds, and what an error means.

Three ends of a call are kept apart: `NotSent` (nobody was reached, nothing can have happened),
`DeviceUnavailable` (it was sent and its end is not known) and `DeviceRefused` (it said no).
Source: checkbox-sdk 1.6.0 (MIT): headers, paths, limits, codes.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import httpx

from drivers.errors import DeviceRefused, DeviceUnavailable

RATE_LIMIT: Final = 15
RATE_WINDOW_S: Final = 10.0
CLIENT_NAME: Final = "loyalty-edge"
MAX_REPLY: Final = 2_000_000
TOO_MANY: Final = 429
TOO_MANY_CODE: Final = "too_many_requests"

REASONS: Final = {
    "already_exists": ("receipt.already_exists",),
    "shift_not_open": ("shift.not_opened",),
    "not_enough_cash": ("receipt.not_enough_cash",),
    "wrong_password": ("401", "403"),
    "too_many_requests": (str(TOO_MANY),),
}
"""Our stable codes and the service's own that they stand for; any other is `device_error`."""
_OUR_CODE: Final = {word: code for code, words in REASONS.items() for word in words}


class NotSent(DeviceUnavailable):
    """The service was not reached at all."""


class CheckboxClient:
    """Calls to one cash register; signs in by itself. Not thread safe."""

    def __init__(
        self,
        base_url: str,
        license_key: str,
        pin_code: str,
        timeout_s: float,
        rate_limit: int = RATE_LIMIT,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._http = httpx.Client(
            transport=transport,
            base_url=base_url,
            timeout=timeout_s,
            headers={"X-Client-Name": CLIENT_NAME, "X-License-Key": license_key},
            trust_env=False,
            # Plain HTTP is for this machine only and needs no certificates loaded.
            verify=base_url.startswith("https://"),
        )
        self._pin_code = pin_code
        self._clock = clock
        self._pause = pause
        self._times: deque[float] = deque(maxlen=rate_limit)
        self._signed_in = False

    def get(self, path: str) -> Any:
        """The body of a GET; `DeviceRefused` with code `not_found` for 404."""
        return self._call("GET", path, None)

    def post(self, path: str, body: Any) -> Any:
        """The body of a POST's answer."""
        return self._call("POST", path, body)

    def close(self) -> None:
        """Release the connections."""
        self._http.close()

    def _call(self, method: str, path: str, body: Any) -> Any:
        if not self._signed_in:
            self._sign_in()
        answer = self._send(method, path, body)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            # A token that has run out was refused before anything was done.
            self._sign_in()
            answer = self._send(method, path, body)
        return _content(answer)

    def _sign_in(self) -> None:
        answer = self._send("POST", "/cashier/signinPinCode", {"pin_code": self._pin_code})
        content = _content(answer)
        token = content.get("access_token") if isinstance(content, dict) else None
        if not isinstance(token, str):
            raise DeviceRefused("wrong_password", "Checkbox gave no token")
        self._http.headers["Authorization"] = f"Bearer {token}"
        self._signed_in = True

    def _send(self, method: str, path: str, body: Any) -> httpx.Response:
        self._keep_the_rate()
        try:
            answer = self._http.request(method, path, json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotSent("no_link", f"Checkbox is not reached: {error}") from error
        except httpx.HTTPError as error:
            raise DeviceUnavailable("no_reply", f"no answer to {method} {path}: {error}") from error
        if answer.status_code == TOO_MANY:
            # Refused at the door: nothing was done.
            self._pause(_seconds(answer.headers.get("Retry-After", "")))
            raise NotSent(TOO_MANY_CODE, "Checkbox asks to wait")
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise DeviceUnavailable("no_reply", f"{method} {path}: HTTP {answer.status_code}")
        return answer

    def _keep_the_rate(self) -> None:
        """At most 15 requests in any 10 seconds, as the service allows."""
        if len(self._times) == self._times.maxlen:
            self._pause(max(0.0, self._times[0] + RATE_WINDOW_S - self._clock()))
        self._times.append(self._clock())


def _content(answer: httpx.Response) -> Any:
    if len(answer.content) > MAX_REPLY:
        raise DeviceUnavailable("no_reply", "the answer is too long")
    try:
        content = answer.json() if answer.content else None
    except ValueError:
        raise DeviceUnavailable("no_reply", "the answer is no JSON") from None
    if answer.is_success:
        return content
    detail = content if isinstance(content, dict) else {}
    vendor = str(detail.get("code", answer.status_code))
    code = "not_found" if answer.status_code == httpx.codes.NOT_FOUND else _OUR_CODE.get(vendor)
    raise DeviceRefused(code or "device_error", str(detail.get("message", vendor))[:300], vendor)


def _seconds(text: str) -> float:
    return min(float(text), RATE_WINDOW_S) if text.isdecimal() else 1.0
