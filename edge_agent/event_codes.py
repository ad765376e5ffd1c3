"""Every event the agent logs: a stable code, its level, and what the reader should do.

`docs/reference/events.md` is made from this list. A new event gets a line here first.
"""

from __future__ import annotations

import logging
from enum import StrEnum

DEBUG, INFO, WARNING, ERROR = logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR


class Event(StrEnum):
    """Code of an event; `level` is a `logging` level, `advice` one sentence for the reader."""

    level: int
    advice: str

    def __new__(cls, code: str, level: int, advice: str) -> Event:
        member = str.__new__(cls, code)
        member._value_ = code
        member.level = level
        member.advice = advice
        return member

    # --- the agent itself -------------------------------------------------------------------
    AGENT_STARTED = "agent_started", INFO, "Nothing; detail names version and settings."
    AGENT_READY = "agent_ready", INFO, "Nothing; the local API answers."
    AGENT_STOPPED = "agent_stopped", INFO, "Nothing, if stopped by hand; else read the lines above."
    AGENT_FAILED = "agent_failed", ERROR, "Run `edge-agent doctor`; the service restarts by itself."
    CONFIG_REJECTED = "config_rejected", ERROR, "Mend the line in detail; old settings stay."
    SECOND_AGENT = "second_agent", ERROR, "Stop one of the two, or give each its own data_dir."
    LOG_LEVEL_CHANGED = "log_level_changed", INFO, "Nothing; set it back when you have seen enough."
    LOG_PAUSED = "log_paused", WARNING, "Free disk space; the log file resumes by itself."
    LOG_RESUMED = "log_resumed", WARNING, "Nothing; detail says how many lines were not written."
    MESSAGE = "message", INFO, "A library's own words; read them together with the lines around."

    # --- sales ------------------------------------------------------------------------------
    SALE_COMMITTED = "sale_committed", INFO, "Nothing; one line per sale."
    SALE_VOIDED = "sale_voided", INFO, "Nothing; the cashier undid the sale before its paper."
    SALE_UNDERPAID = (
        "sale_underpaid",
        WARNING,
        "If it repeats with cash, compare [till] cash_rounding with the POS's own step.",
    )
    SALE_REASSIGNED = "sale_reassigned", INFO, "Nothing; a supervisor gave it to another member."
    SALE_RETURNED = "sale_returned", INFO, "Nothing; points moved back by the sale's own shares."
    REDEMPTION_DECIDED = "redemption_decided", INFO, "Nothing; layer and reason are in detail."

    # --- paper ------------------------------------------------------------------------------
    PRINT_DONE = "print_done", INFO, "Nothing; the fiscal number is in detail."
    PRINT_REFUSED = "print_refused", WARNING, "See the reason in errors.md; retry or void the sale."
    PRINT_UNKNOWN = "print_unknown", ERROR, "Look at the paper and resolve the job by hand."
    PRINT_RESOLVED = "print_resolved", INFO, "Nothing; a person or the device's counters decided."

    # --- the shift --------------------------------------------------------------------------
    SHIFT_ACT_DONE = "shift_act_done", INFO, "Nothing; the printer's counters have it."
    SHIFT_ACT_REFUSED = "shift_act_refused", WARNING, "See the reason in errors.md; try again."
    SHIFT_ACT_UNKNOWN = "shift_act_unknown", ERROR, "Ask for it again: the counter decides."
    SHIFT_ACT_RESOLVED = "shift_act_resolved", INFO, "Nothing; a person looked at the paper."
    SHIFT_WARNING = "shift_warning", WARNING, "Make the Z, or restore the printer's link."
    ACT_APPROVED = "act_approved", INFO, "Nothing; detail names the act and the senior."
    SIGN_IN_REFUSED = "sign_in_refused", WARNING, "If it repeats, ask who was at the till."

    MEMBER_JOINED = "member_joined", INFO, "Nothing; a buyer became a member at this till."
    CARD_CHANGED = "card_changed", INFO, "Nothing; a member has another card; `by` is whose word."
    TRAINING_BEGAN = "training_began", WARNING, "End it when the lesson is over: nothing is sold."
    TRAINING_ENDED = "training_ended", INFO, "Nothing; all that was trained is deleted."

    # --- devices ----------------------------------------------------------------------------
    DEVICE_LOST = "device_lost", WARNING, "Check cable and power; the agent keeps trying."
    DEVICE_BACK = "device_back", INFO, "Nothing."
    EXCHANGE_AWAY = "exchange_away", WARNING, "Bring the exchange folder or its share back."
    HW_PROXY_REFUSED = (
        "hw_proxy_refused",
        WARNING,
        "Free its port, or check the printer: only a receipt printer takes pictures.",
    )
    TABLET_PAIRED = "tablet_paired", INFO, "Nothing; if nobody at the till paired one, let all go."
    TABLET_REFUSED = "tablet_refused", WARNING, "Free the port, or mend the files of [tablet]."
    EXCHANGE_BACK = "exchange_back", INFO, "Nothing; requests are answered again."
    DEVICE_FAILED = "device_failed", ERROR, "Free disk space; if there is some, call support."
    SCAN_READ = "scan_read", DEBUG, "Nothing; only symbology and length are logged."
    SCAN_UNKNOWN = "scan_unknown", INFO, "If it repeats, check the scanner's suffix setting."

    # --- centre -----------------------------------------------------------------------------
    CENTRE_LOST = "centre_lost", WARNING, "Nothing at the till; check the network if it lasts."
    CENTRE_BACK = "centre_back", INFO, "Nothing; waiting sales are being sent."
    CENTRE_REFUSED = "centre_refused", ERROR, "Ask the central team: the register may be revoked."
    CENTRE_RESTORED = "centre_restored", WARNING, "Nothing; the register sends its facts again."
    FACTS_SENT = "facts_sent", DEBUG, "Nothing."
    FACT_QUARANTINED = "fact_quarantined", ERROR, "Nothing is lost; tell the central team the sale."
    EPOCH_FENCED = "epoch_fenced", ERROR, "The disk is a copy or an old image: enrol it again."
    FEED_APPLIED = "feed_applied", DEBUG, "Nothing."
    SNAPSHOT_TAKEN = "snapshot_taken", INFO, "Nothing; all members and goods came in one file."
    CACHE_MENDED = "cache_mended", WARNING, "Nothing; rows that differed from the centre came anew."
    RIGHTS_TOLD = "rights_told", WARNING, "Nothing; the restored centre knows the leases held here."
    HEAD_UNCONFIRMED = "head_unconfirmed", WARNING, "Bring the link up: no offline bonuses yet."
    HEAD_CONFIRMED = "head_confirmed", INFO, "Nothing; offline redemption is open again."
    ANCHOR_FAILED = "anchor_failed", ERROR, "Give the agent's user the folder [storage] anchor_dir."
    LEASES_RETURNED = "leases_returned", INFO, "Nothing; the centre asked rights back."
    CLOCK_OFF = "clock_off", WARNING, "Set the computer's clock; rules use the corrected time."
    RULES_ACTIVATED = "rules_activated", INFO, "Nothing; the sequence is in detail."
    PROMOTIONS_STOPPED = "promotions_stopped", WARNING, "Nothing; detail names what no longer acts."
    RULES_REFUSED = "rules_refused", ERROR, "The old rules stay; tell the central team the reason."

    # --- the store's hub --------------------------------------------------------------------
    HUB_TERM_TAKEN = "hub_term_taken", INFO, "Nothing; detail names the term and the hub."
    HUB_TERM_REFUSED = "hub_term_refused", ERROR, "Tell the central team; the old term stays."
    HUB_SERVING = "hub_serving", INFO, "Nothing; this register is its store's hub."
    HUB_LOST = "hub_lost", WARNING, "Look at the hub; this till goes on with what it was lent."
    HUB_BACK = "hub_back", INFO, "Nothing; the hub knows what was done without it."
    HUB_FAILED = "hub_failed", ERROR, "Read the problem; mend [hub] or the hub's network."
    COPY_HANDED_ON = "copy_handed_on", INFO, "Nothing; a silent register's receipts went up."

    # --- storage ----------------------------------------------------------------------------
    LEDGER_OPENED = "ledger_opened", INFO, "Nothing; schema version and head are in detail."
    LEDGER_DAMAGED = "ledger_damaged", ERROR, "Run `edge-agent ledger verify` and call support."
    LEDGER_CHECKED = "ledger_checked", DEBUG, "Nothing; the whole ledger was read and is sound."
    LEDGER_PRUNED = "ledger_pruned", INFO, "Nothing; what the centre has and is old was let go."
    PEOPLE_FORGOTTEN = "people_forgotten", INFO, "Nothing; texts about erased members are blank."
    DISK_STATE = "disk_state", WARNING, "Free disk space unless detail says ok: sales may stop."
    UPKEEP_FAILED = "upkeep_failed", ERROR, "Read the problem; the agent tries again by itself."
    CACHE_REBUILT = "cache_rebuilt", WARNING, "Nothing; the cache is downloaded again."

    # --- local API --------------------------------------------------------------------------
    API_REFUSED = "api_refused", WARNING, "Check the caller's token, Host and Origin."
    API_FAILED = "api_failed", ERROR, "Send the line to support; the till can sell without."
