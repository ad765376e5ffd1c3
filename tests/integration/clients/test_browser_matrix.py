"""Pages of a till in Chromium at the agent on loopback: from this machine, from a public address
without leave, with the user's, and with the policy that the agent writes.

The matrix was measured on Chromium 156; older ones have no such gate."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, sync_playwright

from edge_agent.cli import main
from tests.support.rig import TOKEN, Rig

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
CLIENT = Path(__file__).parents[3] / "integrations" / "javascript" / "loyalty-client.js"
FIRST_GATED = 147
pytestmark = pytest.mark.browser

TRY = """async ([url, token]) => {
  const { Client, explainDenied } = await import('/loyalty-client.js');
  const client = new Client(url, token, { budgetMs: 20000 });
  const called = client.call('GET', '/v1/status', undefined, '').then(() => true, () => false);
  const heard = new Promise((done) => {
    const words = ['loyalty.v1', 'bearer.' + token];
    const socket = new WebSocket(url.replace('http', 'ws') + '/v1/events/ws', words);
    socket.onmessage = () => done(true);
    socket.onerror = () => done(false);
  });
  return { fetch: await called, socket: await heard, explained: await explainDenied() };
}"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        return


@dataclass
class Matrix:
    """One page's server, one browser that takes its port for a public address, and the agent."""

    context: BrowserContext
    public: str
    own: str
    register: Rig

    def tried(self, origin: str) -> dict[str, Any]:
        page: Page = self.context.new_page()
        page.goto(f"{origin}/index.html")
        found: dict[str, Any] = page.evaluate(TRY, [self.register.url, TOKEN])
        page.close()
        return found

    def permit(self, origin: str, setting: str) -> None:
        """What the user, or the policy, says of this origin."""
        session = self.context.browser.new_browser_cdp_session()  # type: ignore[union-attr]
        page = self.context.new_page()
        target = self.context.new_cdp_session(page).send("Target.getTargetInfo")
        session.send(
            "Browser.setPermission",
            {
                "permission": {"name": "loopback-network"},
                "setting": setting,
                "origin": origin,
                "browserContextId": target["targetInfo"]["browserContextId"],
            },
        )
        page.close()


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def browsing(folder: Path, executable: str, prepare: Callable[[Rig], None]) -> Iterator[Matrix]:
    """A register, two servers of the same page, and a browser for which one of them is public."""
    pages = folder / "pages"
    pages.mkdir()
    (pages / "index.html").write_text("<!doctype html><title>till</title>", encoding="utf-8")
    shutil.copy(CLIENT, pages)
    with serving(pages) as public, serving(pages) as own, sync_playwright() as playwright:
        rig = Rig(folder / "till")
        rig.config.write_text(
            f'data_dir = "data"\n[api]\nport = 0\norigins = ["{public}", "{own}"]\n',
            encoding="utf-8",
        )
        prepare(rig)
        place = public.removeprefix("http://")
        arguments = ["--no-sandbox", f"--ip-address-space-overrides={place}=public"]
        browser = playwright.chromium.launch(executable_path=executable, args=arguments)
        rig.start()
        try:
            if int(browser.version.partition(".")[0]) < FIRST_GATED:
                pytest.skip(f"Chromium {browser.version} lets every page reach loopback")
            yield Matrix(browser.new_context(), public, own, rig)
        finally:
            browser.close()
            rig.stop()


@pytest.fixture
def chromium() -> str:
    """The system's own."""
    if CHROMIUM is None:
        pytest.skip("no `chromium` on the PATH")
    return CHROMIUM


@pytest.fixture
def with_policies(tmp_path: Path, chromium: str) -> str:
    """Chromium that sees the policies under `tmp_path` as the machine's, which stay untouched."""
    root = tmp_path / "root" / "etc" / "chromium"
    root.mkdir(parents=True)
    script = tmp_path / "chromium"
    script.write_text(
        f"#!/bin/sh\nexec unshare --mount sh -c 'mount --bind {root} /etc/chromium && "
        f'exec {chromium} "$@"\' chromium "$@"\n',
        encoding="utf-8",
    )
    script.chmod(0o755)
    possible = ["unshare", "--mount", "mount", "--bind", str(root), "/etc/chromium"]
    if not Path("/etc/chromium").is_dir() or subprocess.run(possible, check=False).returncode:
        pytest.skip("the machine's policies cannot be hidden: no leave to mount")
    return str(script)


def test_who_reaches_the_agent(tmp_path: Path, chromium: str) -> None:
    with browsing(tmp_path, chromium, lambda _rig: None) as matrix:
        mine = matrix.tried(matrix.own)
        assert (mine["fetch"], mine["socket"]) == (True, True)
        matrix.permit(matrix.public, "denied")
        foreign = matrix.tried(matrix.public)
        assert foreign == {
            "fetch": False,
            "socket": False,
            "explained": "edge-agent browser-policy install",
        }
        matrix.permit(matrix.public, "granted")
        assert matrix.tried(matrix.public) == {"fetch": True, "socket": True, "explained": ""}


def test_the_policy_that_the_agent_writes_opens_the_way(tmp_path: Path, with_policies: str) -> None:
    root = str(tmp_path / "root")

    def install(rig: Rig) -> None:
        assert main(["browser-policy", "install", "--root", root, "--config", str(rig.config)]) == 0

    with browsing(tmp_path, with_policies, install) as matrix:
        assert matrix.tried(matrix.public) == {"fetch": True, "socket": True, "explained": ""}
