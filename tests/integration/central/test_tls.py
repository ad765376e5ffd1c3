"""The centre over TLS, as registers on other machines meet it: pinned by their CA file."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from edge_agent.demo.processes import Child, run_tool, script
from sync.enrolment import enrol
from sync.errors import CentreUnavailable
from tests.support.own_authority import own_authority


@pytest.mark.postgres
def test_a_register_enrols_over_tls_and_only_with_the_right_authority(
    database_url: str, tmp_path: Path
) -> None:
    certificate, key = own_authority(tmp_path, "127.0.0.1")
    (tmp_path / "other").mkdir()
    stranger, _ = own_authority(tmp_path / "other", "127.0.0.1")
    place = ["--data-dir", str(tmp_path / "centre"), "--database-url", database_url]
    files = ["--tls-cert", str(certificate), "--tls-key", str(key)]
    child = Child(
        "edge-central",
        ["edge-central", "run", "--port", "0", *files, *place],
        tmp_path / "centre.log",
    )
    url = str(child.start()["url"])
    try:
        assert url.startswith("https://127.0.0.1:")
        made = run_tool("edge-central", "enrol-code", "--store", "S1", "--register", "R9", *place)
        code = json.loads(made)["code"]
        with pytest.raises(CentreUnavailable):
            enrol(url, code, stranger, "test", "0.1.0")
        identity = enrol(url, code, certificate, "test", "0.1.0")
        assert identity.register_id == "R9"
        assert identity.ca_pem.startswith("-----BEGIN CERTIFICATE")
    finally:
        child.stop()


def test_half_a_pair_of_files_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [script("edge-central"), "run", "--tls-cert", "x.pem", "--data-dir", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert "--tls-cert and --tls-key go together" in done.stderr
