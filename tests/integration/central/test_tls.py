"""The centre over TLS, as registers on other machines meet it: pinned by their CA file."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edge_agent.demo.processes import Child, run_tool, script
from sync.enrolment import enrol
from sync.errors import CentreUnavailable


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "centre of a test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "centre.pem", folder / "centre.key"
    cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert_file, key_file


@pytest.mark.postgres
def test_a_register_enrols_over_tls_and_only_with_the_right_authority(
    database_url: str, tmp_path: Path
) -> None:
    certificate, key = _certificate(tmp_path)
    (tmp_path / "other").mkdir()
    stranger, _ = _certificate(tmp_path / "other")
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
