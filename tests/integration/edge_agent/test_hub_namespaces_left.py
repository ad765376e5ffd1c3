"""What a campaign in namespaces leaves when it is cut: nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tests.support.namespaces import Namespace, NoNamespaces, remove_stale, unwound_by_signals


def _names() -> list[str]:
    found = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
    return [line.split()[0] for line in found.stdout.splitlines()]


def test_a_killed_campaigns_namespaces_and_processes_are_removed_by_the_next() -> None:
    living = {int(name) % 100_000 for name in os.listdir("/proc") if name.isdigit()}
    number = next(each for each in range(99_999, 0, -1) if each not in living)
    tag = f"lq{os.getpid() % 1_000}x"
    try:
        stale, own = Namespace(f"{tag}{number}a"), Namespace(f"{tag}{os.getpid() % 100_000}a")
    except NoNamespaces as why:
        pytest.skip(str(why))
    left = subprocess.Popen(stale.command("sleep", "600"))
    try:
        assert remove_stale(tag) == [stale.name]
        assert left.wait(20) == -signal.SIGKILL
        assert stale.name not in _names()
        assert own.name in _names()
    finally:
        left.kill()
        left.wait()
        stale.close()
        own.close()


def test_a_signal_unwinds_and_a_second_one_waits() -> None:
    code = (
        "import os, signal\n"
        "from tests.support.namespaces import unwound_by_signals\n"
        "with unwound_by_signals():\n"
        "    try:\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "    finally:\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "        print('clean', flush=True)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (128 + signal.SIGTERM, "clean")
    before = signal.getsignal(signal.SIGTERM)
    with unwound_by_signals():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
