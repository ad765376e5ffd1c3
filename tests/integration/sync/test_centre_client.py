"""The register's client against a real HTTP server, well-behaved and not."""

from __future__ import annotations

import gzip
import ipaddress
import socket
import threading
import tracemalloc
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sync.centre_client import CentreClient
from sync.contract.feed import FeedPage
from sync.contract.live import AuthorisationReply, AuthorisationRequest, LookupRequest
from sync.contract.signing import new_private_key
from sync.errors import BadCentreAddress, CentreRefused, CentreUnavailable, CursorGone

AUTH_ID = "11111111-1111-4111-8111-111111111111"
NOON = "2026-01-01T12:00:00Z"
SALE_ID = "22222222-2222-4222-8222-222222222222"


def hold(points=300):
    return AuthorisationRequest(auth_id=AUTH_ID, sale_id=SALE_ID, member_id=7, points=points)


def test_facts_arrive_signed_packed_and_whole(centre, client, outbox):
    bodies = ['{"назва":"Чек № 1"}', "{}", '{"x":"' + "я" * 5000 + '"}']
    for body in bodies:
        outbox.append(body)
    reply = client.upload(outbox.pending(10, 10**6))
    assert [item.verdict for item in reply.verdicts] == ["accepted"] * 3
    assert (reply.head_seq, reply.head_hash) == (3, outbox.facts[2].hash)
    assert [centre.state.facts[seq].body for seq in (1, 2, 3)] == bodies


@pytest.mark.usefixtures("client")
def test_a_request_of_another_key_is_refused(centre):
    stranger = CentreClient(centre.url, "r1", new_private_key(), None, lambda: NOON)
    with pytest.raises(CentreRefused) as refused:
        stranger.feed("", 10)
    stranger.close()
    assert (refused.value.code, refused.value.status) == ("bad_signature", 401)


def test_the_query_is_part_of_the_signature(centre, client):
    centre.state.publish("token", "card:1", {"member_id": 1})
    # An awkward cursor must reach the centre as it was signed, byte for byte.
    with pytest.raises(CursorGone):
        client.feed("інша інкарнація:&=?#%20+/1", 10)
    assert centre.state.pulls == [("інша інкарнація:&=?#%20+/1", 10)]


def test_feed_bundle_lookup_and_holds(centre, client):
    centre.state.publish("token", "card:1", {"member_id": 7})
    centre.state.publish("member", "7", {"member_id": 7, "name": "О. К.", "balance_points": 5})
    page = client.feed("", 1)
    assert (len(page.rows), page.more) == (1, True)
    assert client.feed(page.cursor, 10).rows[0].body["name"] == "О. К."

    centre.state.publish_bundle(3, b'{"rules": 1}')
    file = client.bundle(3)
    signed = centre.state.bundles[3]
    assert file == (b'{"rules": 1}', signed.signature, signed.key_id)

    assert client.lookup(LookupRequest(token_key="card:1"), timeout_s=5).found
    assert not client.lookup(LookupRequest(token_key="card:2"), timeout_s=5).found

    assert client.authorise(hold(), timeout_s=5).approved_points == 300
    assert client.authorise(hold(), timeout_s=5).approved_points == 300
    assert centre.state.holds == {AUTH_ID: 300}
    client.void_authorisation(AUTH_ID)
    client.void_authorisation(AUTH_ID)
    assert centre.state.holds == {}


def test_a_missing_bundle_is_a_refusal(client):
    with pytest.raises(CentreRefused) as refused:
        client.bundle(99)
    assert (refused.value.code, refused.value.status) == ("no_such_bundle", 404)


@pytest.mark.parametrize(
    "mode",
    ["error", "html", "forbidden_html", "garbage", "wrong", "cut", "huge", "later", "moved"],
)
def test_an_answer_that_is_not_the_centres_is_unavailability(centre, client, mode):
    centre.faults.mode = mode
    with pytest.raises(CentreUnavailable):
        client.feed("", 100)
    centre.faults.mode = "ok"
    assert client.feed("", 100).rows == []


def test_an_oversized_answer_is_dropped_early(centre, client):
    centre.faults.mode = "huge"
    with pytest.raises(CentreUnavailable, match="larger than 8388608 bytes"):
        client.feed("", 100)


def test_a_packed_answer_cannot_burst(centre, client):
    bomb = gzip.compress(b" " * (64 * 1024 * 1024), 9)
    assert len(bomb) < 100_000

    centre.faults.canned = (bomb, {"content-encoding": "gzip"})
    centre.faults.mode = "canned"
    tracemalloc.start()
    with pytest.raises(CentreUnavailable, match="larger than"):
        client.feed("", 100)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40 * 1024 * 1024


def test_a_packed_answer_is_read_and_half_of_one_is_not(centre, client):
    page = FeedPage(incarnation="i", cursor="c", rows=[], more=False, server_time=NOON)
    packed = gzip.compress(page.model_dump_json().encode())
    centre.faults.mode = "canned"
    centre.faults.canned = (packed, {"content-encoding": "gzip"})
    assert client.feed("", 100).cursor == "c"
    for body, encoding in ((packed[:-9], "gzip"), (b"plain", "gzip"), (packed, "zstd")):
        centre.faults.canned = (body, {"content-encoding": encoding})
        with pytest.raises(CentreUnavailable, match="packed"):
            client.feed("", 100)


@pytest.mark.parametrize("mode", ["hang", "trickle"])
def test_a_hung_centre_costs_no_more_than_the_deadline(centre, client, mode):
    # The trickle is an answer within ten seconds, and each of its reads is quick: only a total
    # deadline can end it with these words.
    centre.faults.mode = mode
    with pytest.raises(CentreUnavailable, match="deadline"):
        client.authorise(hold(), timeout_s=0.4)
    with pytest.raises(CentreUnavailable, match="deadline"):
        client.lookup(LookupRequest(token_key="card:1"), timeout_s=0.3)


def test_headers_that_trickle_do_not_outlast_the_deadline():
    done = threading.Event()

    def serve(listener):
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 500:
                if done.wait(0.05):
                    return
                connection.send(bytes([byte]))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        client = CentreClient(url, "r1", new_private_key(), None, lambda: NOON)
        with pytest.raises(CentreUnavailable, match="deadline"):
            client.authorise(hold(), timeout_s=0.5)
        client.close()
        assert thread.is_alive()
        done.set()
        thread.join()


def test_nobody_listens(new_centre, new_client):
    centre = new_centre()
    with new_client(centre) as client:
        centre.stop()
        with pytest.raises(CentreUnavailable, match="cannot be reached"):
            client.feed("", 10)
        centre.start()
        assert client.feed("", 10).rows == []


def test_a_name_that_does_not_resolve_is_unavailability():
    client = CentreClient("https://centre.invalid", "r1", new_private_key(), None, lambda: NOON)
    with pytest.raises(CentreUnavailable):
        client.authorise(hold(), timeout_s=1.0)
    client.close()


def test_retry_after_as_a_number_and_as_a_date(centre, client):
    centre.faults.mode = "later"
    seen = []
    for value in ("42", "999999", "-3", "soon", ""):
        centre.faults.retry_after = value
        with pytest.raises(CentreUnavailable) as unavailable:
            client.feed("", 10)
        seen.append(unavailable.value.retry_after_s)
    assert seen == [42.0, 3600.0, None, None, None]

    centre.faults.retry_after = format_datetime(
        datetime.now(UTC) + timedelta(seconds=90), usegmt=True
    )
    with pytest.raises(CentreUnavailable) as unavailable:
        client.feed("", 10)
    assert 80 <= unavailable.value.retry_after_s <= 91


def test_a_retry_date_is_read_by_the_centres_clock_not_ours(centre, new_client):
    centre.faults.mode = "later"
    centre.faults.retry_after = format_datetime(
        datetime.now(UTC) + timedelta(seconds=90), usegmt=True
    )
    wrong = new_client(centre, now=lambda: "2031-05-05T00:00:00.000Z")
    with wrong as client, pytest.raises(CentreUnavailable) as unavailable:
        client.feed("", 10)
    assert 80 <= unavailable.value.retry_after_s <= 91


def test_410_says_that_the_cursor_is_gone(centre, client):
    with pytest.raises(CursorGone) as gone:
        client.feed("other:5", 10)
    assert gone.value.code == "cursor_gone"
    centre.state.is_revoked = True
    with pytest.raises(CentreRefused) as refused:
        client.feed("", 10)
    assert (refused.value.code, refused.value.status) == ("register_revoked", 403)


def test_the_centres_clock_is_sampled(centre, client, clock_samples):
    centre.state.clock_ahead_ms = 7_200_000
    client.feed("", 10)
    sample = clock_samples[-1]
    assert abs(sample.offset_ms - 7_200_000) <= sample.error_ms + 1_000
    assert 0 < sample.error_ms < 10_000


def test_an_answer_of_another_hold_is_not_believed(centre, client):
    reply = AuthorisationReply(auth_id=SALE_ID, approved_points=300, server_time=NOON)
    centre.faults.mode = "canned"
    centre.faults.canned = (reply.model_dump_json().encode(), {})
    with pytest.raises(CentreUnavailable, match="another authorisation"):
        client.authorise(hold(), timeout_s=5)


def test_hints_arrive_and_are_interrupted(centre, client, wait_until):
    heard, ended = [], []

    def listen():
        try:
            for hint in client.hints():
                heard.append(hint)
        except CentreUnavailable as error:
            ended.append(str(error))

    thread = threading.Thread(target=listen)
    thread.start()
    wait_until(lambda: len(heard) == 1 and centre.board.streams == 1)
    centre.board.post()
    wait_until(lambda: len(heard) == 2)
    assert [hint.data for hint in heard] == ["", "{}"]
    assert heard[1].id.endswith(".1")
    client.interrupt()
    thread.join(5)
    assert not thread.is_alive()
    assert "interrupted" in ended[0]
    with pytest.raises(CentreUnavailable):
        client.feed("", 10)


def test_a_silent_hint_stream_ends(centre, client):
    centre.faults.mode = "silent"
    stream = client.hints(idle_s=0.3)
    assert next(stream).data == ""
    with pytest.raises(CentreUnavailable):
        next(stream)


def test_hints_from_something_else_are_no_stream(centre, client):
    centre.faults.mode = "html"
    with pytest.raises(CentreUnavailable, match="not an event stream"):
        next(client.hints())


@pytest.mark.parametrize(
    "url",
    [
        "http://centre.example",
        "http://10.0.0.5:8000",
        "ftp://127.0.0.1",
        "https://user:pw@centre.example",
        "https://",
        "centre.example",
        "https://centre.example/?a=1",
    ],
)
def test_unsafe_addresses_are_refused(url):
    with pytest.raises(BadCentreAddress):
        CentreClient(url, "r1", new_private_key(), None, lambda: "")


@pytest.mark.parametrize("url", ["http://localhost:1", "http://[::1]:1", "http://127.9.9.9:1"])
def test_plain_http_is_for_loopback(url):
    CentreClient(url, "r1", new_private_key(), None, lambda: "").close()


def test_an_unusable_ca_file_is_named(tmp_path: Path):
    empty = tmp_path / "ca.pem"
    empty.write_text("not a certificate")
    for ca_file in (empty, tmp_path / "missing.pem"):
        with pytest.raises(BadCentreAddress, match="CA"):
            CentreClient("https://127.0.0.1:1", "r1", new_private_key(), ca_file, lambda: "")


def authority(folder: Path, name: str) -> tuple[Path, tuple[str, str]]:
    """A CA file, and a certificate for 127.0.0.1 signed by it with its key."""

    def make(subject, issuer, key, signer, is_ca):
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=2))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
                critical=False,
            )
            .sign(signer, hashes.SHA256())
        )

    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = make(name, name, ca_key, ca_key, True)
    leaf = make("127.0.0.1", name, key, ca_key, False)
    ca_file, leaf_file, key_file = (folder / f"{name}.{end}" for end in ("ca", "crt", "key"))
    ca_file.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    leaf_file.write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return ca_file, (str(leaf_file), str(key_file))


def test_tls_trusts_the_pinned_authority_alone(tmp_path, new_centre, new_client):
    ours, files = authority(tmp_path, "ours")
    other, _ = authority(tmp_path, "other")
    centre = new_centre(files)
    with new_client(centre, ca_file=ours) as client:
        assert client.feed("", 10).incarnation == "first"
    with new_client(centre, ca_file=None, ca_pem=ours.read_text()) as client:
        assert client.feed("", 10).incarnation == "first"
    for options in ({"ca_file": other}, {"ca_file": None}):
        refused = pytest.raises(CentreUnavailable, match=r"(?i)certificate")
        with new_client(centre, **options) as client, refused:
            client.feed("", 10)
