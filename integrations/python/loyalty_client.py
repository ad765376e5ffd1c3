"""A POS's client of the register's loyalty agent: one file, Python 3.8 or newer, no packages.

    client = Client("http://127.0.0.1:9777", token, spool="/var/lib/pos/loyalty")
    sale = client.sale()
    view = sale.open(lines, code="0420000000013", source="scanner")   # None: go on without
    view = sale.redeem(None)                                          # all that is possible
    done = sale.confirm([{"kind": "card", "amount_minor": sale.payable_minor(total)}])

It holds the rules that every POS needs, so that a sale is never held up:

* All calls of one sale together wait at most `BUDGET_S` for an agent that does not answer. After
  the first call that got no answer the agent is left alone until the sale is confirmed.
* The price that was shown stands. When the agent dies after a quote, `confirm` answers `later` and
  the confirmation goes to the spool; `Client.flush` sends it when the agent is back. The agent
  has the quote on disk, and the key makes a repeated confirmation one sale.
* Without any quote the sale is made at shelf prices (`without`).
* A refusal (`Refused`) is the agent's answer and no failure: show its `cashier_message`.
* What is neither a sale nor a refusal (another program has the port) counts as no answer.
"""

import http.client
import json
import os
import threading
import time
import urllib.parse
import uuid
from pathlib import Path

BUDGET_S = 1.5
QUICK_S = 0.1
"""What a call may take before it counts against the sale's budget."""
PAUSE_S = 0.05
CONFIRM_SHARE_S = 0.5
"""What is kept of the budget for the confirmation."""
MAX_ANSWER = 8 * 1024 * 1024
MAX_SPOOLED = 10_000


class Silent(Exception):
    """No answer in time or none that makes sense, or the agent failed; the sale goes on."""


class Refused(Exception):
    """The agent said no: `code` is stable, `cashier_message` has uk, en and pl."""

    def __init__(self, problem):
        super().__init__(problem.get("detail") or problem.get("code"))
        self.problem = problem
        self.code = problem.get("code", "")
        self.status = problem.get("status", 0)
        self.cashier_message = problem.get("cashier_message", {})
        self.is_retryable = bool(problem.get("retryable"))


class Client:
    """One register's agent. `spool` is a folder for confirmations that wait; None keeps none."""

    def __init__(self, url, token, spool=None, budget_s=BUDGET_S):
        parts = urllib.parse.urlsplit(url)
        self._host, self._port = parts.hostname, parts.port
        self._token = token
        self.budget_s = budget_s
        self._spool = Path(spool) if spool is not None else None
        if self._spool is not None:
            self._spool.mkdir(parents=True, exist_ok=True)

    def sale(self, sale_id=None):
        """A new sale, or one that the POS knows the id of."""
        return Sale(self, sale_id or str(uuid.uuid4()))

    def call(self, method, path, body=None, key=None, timeout_s=BUDGET_S):
        """One call; the answer's JSON. Raises `Refused`, or `Silent` after `timeout_s`.

        The exchange runs in a thread of its own: whatever the other side does, the caller is
        back in time."""
        box = []

        def exchange():
            try:
                box.append(self._exchange(method, path, body, key, timeout_s))
            except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
                box.append(error)

        worker = threading.Thread(target=exchange, daemon=True)
        worker.start()
        worker.join(timeout_s)
        if not box or isinstance(box[0], Exception):
            raise Silent(str(box[0]) if box else "no answer in time")
        status, answer = box[0]
        if status >= 500 and not (isinstance(answer, dict) and answer.get("retryable")):
            raise Silent("the agent failed")
        if status >= 400:
            if not (isinstance(answer, dict) and isinstance(answer.get("code"), str)):
                raise Silent("this is no answer of the agent")
            raise Refused(answer)
        return answer

    def _exchange(self, method, path, body, key, timeout_s):
        headers = {"Authorization": "Bearer " + self._token}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        elif method not in ("GET", "HEAD"):
            data, headers["Content-Type"] = b"", "application/json"
        if key:
            headers["Idempotency-Key"] = key
        link = http.client.HTTPConnection(self._host, self._port, timeout=timeout_s)
        try:
            link.request(method, path, data, headers)
            with link.getresponse() as answer:
                return answer.status, json.loads(answer.read(MAX_ANSWER))
        finally:
            link.close()

    # --- confirmations that wait --------------------------------------------------------------

    def keep(self, sale_id, body):
        """Put a confirmation into the spool; False when there is none, it or the disk is full."""
        if self._spool is None or len(self.waiting()) >= MAX_SPOOLED:
            return False
        fresh = self._spool / (sale_id + ".tmp")
        try:
            with open(fresh, "w", encoding="utf-8") as file:
                json.dump(body, file)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._spool / (sale_id + ".json"))
        except OSError:
            return False
        return True

    def waiting(self):
        """Ids of sales whose confirmation waits."""
        if self._spool is None:
            return []
        return sorted(path.stem for path in self._spool.glob("*.json"))

    def flush(self, timeout_s=5.0):
        """Send what waits, outside of a sale: (sent, refused) ids. Stops when the agent is silent.

        A refused one, and one that cannot be read, is kept as `ID.refused` for a person."""
        sent, refused = [], []
        for sale_id in self.waiting():
            place = self._spool / (sale_id + ".json")
            try:
                body = json.loads(place.read_text(encoding="utf-8"))
                self._send_patiently(sale_id, body, timeout_s)
            except Silent:
                break
            except (Refused, ValueError) as error:
                if isinstance(error, Refused) and error.is_retryable:
                    break
                place.rename(self._spool / (sale_id + ".refused"))
                refused.append(sale_id)
            else:
                place.unlink()
                sent.append(sale_id)
        return sent, refused

    def _send_patiently(self, sale_id, body, timeout_s):
        """A call that was given up may still be at work over there: ask until it is done."""
        ends = time.monotonic() + timeout_s
        while True:
            try:
                return self._send(sale_id, body, timeout_s)
            except Refused as error:
                if not error.is_retryable or time.monotonic() > ends:
                    raise
                time.sleep(PAUSE_S)

    def _send(self, sale_id, body, timeout_s):
        """Confirm; a redemption whose answer was lost is taken back first, if the sum allows."""
        path = f"/v1/sales/{sale_id}"
        try:
            _sale(self.call("POST", path + "/confirm", body, "confirm-" + sale_id, timeout_s))
        except Refused as error:
            if error.code != "quote_changed":
                raise
            view = _sale(self.call("POST", path + "/redeem", {"points": 0}, None, timeout_s))
            names = ("basket_hash", "payable_minor")
            if [view[name] for name in names] != [body.get(name) for name in names]:
                raise
            again = dict(body, quote_id=view["quote_id"])
            _sale(self.call("POST", path + "/confirm", again, "reconfirm-" + sale_id, timeout_s))


def _sale(answer):
    """The answer, when it is a sale. Raises `Silent`: whoever has the port is no agent."""
    known = {"quote_id": str, "basket_hash": str, "payable_minor": int}
    if not isinstance(answer, dict):
        raise Silent("this is no answer of the agent")
    if any(type(answer.get(name)) is not kind for name, kind in known.items()):
        raise Silent("this is no answer of the agent")
    return answer


class Sale:
    """One sale. Every verb answers with the agent's view, or None when the sale goes on without.

    `waited_s` is what the budget was charged; `is_alone` says that the agent is left alone."""

    def __init__(self, client, sale_id):
        self._client = client
        self.sale_id = sale_id
        self.view = None
        self.is_alone = False
        self.waited_s = 0.0

    def open(self, lines=(), code="", source="pos", symbology="", **more):
        """Open the sale with basket and identity in one call."""
        body = dict(more, basket={"lines": list(lines)})
        if code:
            body["identity"] = {"code": code, "source": source, "symbology": symbology}
        return self._verb("POST", "open", body)

    def basket(self, lines):
        """Replace the basket; the view is the new quote."""
        return self._verb("PUT", "basket", {"lines": list(lines)})

    def member(self, code, source="pos", if_other="ask"):
        """Set the member. Raises `Refused` (`other_member`) when the cashier has to choose."""
        return self._verb("PUT", "member", {"code": code, "source": source, "if_other": if_other})

    def redeem(self, points):
        """Redeem hundredths of a bonus; None is all that is possible, 0 takes it back."""
        return self._verb("POST", "redeem", {"points": points})

    def payable_minor(self, shelf_minor):
        """What the buyer pays: by the last quote, or the shelf sum without one."""
        return self.view["payable_minor"] if self.view else shelf_minor

    def confirm(self, tenders):
        """Close the sale: `confirmed`, `later` (it waits in the spool) or `without`.

        Raises `Refused` (`quote_changed`, `sum_changed`): show the new quote first."""
        if self.view is None:
            return "without"
        body = {
            "quote_id": self.view["quote_id"],
            "basket_hash": self.view["basket_hash"],
            "tenders": list(tenders),
            "payable_minor": self.view["payable_minor"],
        }
        path = f"/v1/sales/{self.sale_id}/confirm"
        while self._left() > 0:
            try:
                key = "confirm-" + self.sale_id
                self.view = self._timed("POST", path, body, key, self._left())
                return "confirmed"
            except Silent:
                self._pause()
            except Refused as error:
                if not error.is_retryable:
                    raise
                self._pause()
        return "later" if self._client.keep(self.sale_id, body) else "without"

    def cancel(self):
        """Give the sale up; one that the agent did not hear of is closed by it after 12 hours."""
        return self._verb("POST", "cancel", {})

    def _verb(self, method, verb, body):
        if self.is_alone:
            return None
        path, key = f"/v1/sales/{self.sale_id}/{verb}", str(uuid.uuid4())
        for _ in range(2):
            left = self._left() - CONFIRM_SHARE_S
            if left <= 0:
                break
            try:
                self.view = self._timed(method, path, body, key, left)
                return self.view
            except Silent:
                self._pause()
            except Refused as error:
                if not error.is_retryable:
                    raise
                self._pause()
        self.is_alone = True
        if verb == "basket":
            # No quote fits these goods.
            self.view = None
        return None

    def _left(self):
        return self._client.budget_s - self.waited_s

    def _pause(self):
        nap = max(0.0, min(PAUSE_S, self._left()))
        self.waited_s += nap
        time.sleep(nap)

    def _timed(self, method, path, body, key, timeout_s):
        began, is_answered = time.monotonic(), False
        try:
            answer = _sale(self._client.call(method, path, body, key, timeout_s))
            is_answered = True
            return answer
        except Refused:
            is_answered = True
            raise
        finally:
            took = min(time.monotonic() - began, timeout_s)
            self.waited_s += max(0.0, took - QUICK_S) if is_answered else took
