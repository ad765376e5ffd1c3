"""The cashier's screen as one value: the panel is a pure function of the last pushed state."""

from __future__ import annotations

import json
from typing import Literal

from pydantic import BaseModel

from edge_agent.codes_views import GiftCardView
from edge_agent.ledger.storage import StorageState
from edge_agent.member_views import MemberCard
from edge_agent.sentences import Language
from edge_agent.shift.now import ShiftNow
from edge_agent.views import PrintView, SaleView

DeviceState = Literal["ok", "low", "out", "offline", "none", "error"]


class Strip(BaseModel):
    """The state strip: what works, since when, and how old the rules are.

    `since` is the instant of the last change between online and offline; `ruleset_at` dates the
    active ruleset's arrival on this register. `storage` is the disk: `low`, living on its
    `reserve`, `full` (loyalty has stopped), or the ledger is `damaged`. `clock_off_s` is how far
    this machine's clock is from the centre's (machine less centre), 0 up to five minutes."""

    register_id: str
    store_name: str
    online: bool
    since: str
    outbox: int
    printer: DeviceState
    scanner: DeviceState
    ruleset_sequence: int
    ruleset_at: str
    clock: str
    storage: StorageState = "ok"
    clock_off_s: int = 0


class Notice(BaseModel):
    """One sentence about the last thing that happened."""

    kind: Literal["info", "warn", "error"]
    code: str
    text: str
    at: str


class ChoiceView(BaseModel):
    """One meaning of a code that has two: the name of a member or of a good."""

    kind: Literal["member", "product"]
    label: str


class ScanTold(BaseModel):
    """A scan that the question on the screen took; `number` rises with each. A badge's text is
    told to nobody."""

    number: int
    text: str


class PanelState(BaseModel):
    """Everything the screen shows. `attention` are jobs that wait for a person; `choices` is asked
    after a code that fits several things. In `training` nothing shown is a real sale;
    `tablet` says that one may be paired here."""

    revision: int
    locale: Language
    at: str
    strip: Strip
    waiting: MemberCard | None = None
    sale: SaleView | None = None
    notice: Notice | None = None
    attention: list[PrintView] = []
    choices: list[ChoiceView] = []
    shift: ShiftNow | None = None
    scan: ScanTold | None = None
    gift_card: GiftCardView | None = None
    training: bool = False
    tablet: bool = False


def screen_json(state: PanelState) -> str:
    """The state as pushed: without the traces, which no screen shows and every sale has many of."""
    return state.model_dump_json(exclude={"sale": {"traces"}})


def screen_state(text: str) -> PanelState:
    """A pushed state read again; its sale has no traces."""
    body = json.loads(text)
    if body.get("sale"):
        body["sale"]["traces"] = []
    return PanelState.model_validate(body)
