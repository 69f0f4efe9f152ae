# SPDX-License-Identifier: Apache-2.0
"""Mail to a real SMTP server: one that works, with TLS and without, that refuses, that hangs."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr
from sqlalchemy import select
from tests.platform.identity.staff import clock_of, made
from tests.platform.notify.working import do_jobs, with_queue
from tests.server import NOON

from steelyard.bootstrap.house import House
from steelyard.kernel.errors import InputError, UnavailableError
from steelyard.platform.jobs.embedded import EmbeddedQueue
from steelyard.platform.jobs.tables import JobRow
from steelyard.platform.notify.mail import Server, compose, read_server, send
from steelyard.platform.notify.service import tell
from steelyard.platform.notify.tables import NoticeRow
from steelyard.platform.notify.texts import render
from steelyard.platform.settings import Settings
from steelyard.worker.handlers import HANDLERS
from steelyard.worker.loop import Worker


class Box:
    """What a mail server took, and how it answers."""

    def __init__(self, answer: str = "250 OK") -> None:
        self.taken: list[Envelope] = []
        self.answer = answer

    async def handle_RCPT(  # noqa: N802 # named by the library
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not self.answer.startswith("2"):
            return self.answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        self.taken.append(envelope)
        return "250 OK"


@contextmanager
def serving(box: Box, **more: Any) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    controller = Controller(box, hostname="127.0.0.1", port=port, **more)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


@contextmanager
def hanging(say: bytes = b"") -> Iterator[int]:
    """A server that says a little at a time and never comes to a point."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        over = threading.Event()

        def drip() -> None:
            line, _ = door.accept()
            with line:
                while not over.wait(0.1):
                    try:
                        line.sendall(say)
                    except OSError:
                        return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        yield int(door.getsockname()[1])
        over.set()
        thread.join()


def server(port: int, scheme: Any = "smtp+plain", **more: Any) -> Server:
    values = {"host": "127.0.0.1", "user": "", "password": "", "timeout": 0.4, **more}
    return Server(scheme=scheme, port=port, **values)


def notice() -> NoticeRow:
    return NoticeRow(
        id="ntc_1", person="usr_1", kind="clock.due", subject="req_1", about="",
        title="A deadline", text="Please act.", mail="waiting", at=NOON, read_at=None,
    )  # fmt: skip


def message() -> Any:
    settings = Settings.model_construct(
        mail_from="steelyard@example.org", public_url="https://steelyard.example.org/"
    )
    return compose(settings, notice(), name="Anna\nBcc: x@y.org", mail="anna@example.org")


def test_a_mail_says_what_where_and_why() -> None:
    box = Box()
    with serving(box) as port:
        assert send(server(port), message())
    (envelope,) = box.taken
    assert envelope.rcpt_tos == ["anna@example.org"]
    assert isinstance(envelope.content, bytes)
    read = message_from_bytes(envelope.content, policy=policy.default)
    assert read["Subject"] == "A deadline"
    assert read["Message-ID"] == "<ntc_1@steelyard.example.org>"
    assert read["Auto-Submitted"] == "auto-generated"
    assert read["Bcc"] is None
    text = read.get_content()
    assert text.split()[:3] == ["Please", "act.", "https://steelyard.example.org/go/req_1"]


@pytest.mark.parametrize(("answer", "taken"), [("550 No such user", False), ("450 Later", None)])
def test_what_is_refused_for_good_is_not_tried_again(answer: str, taken: bool | None) -> None:
    with serving(Box(answer)) as port:
        if taken is False:
            assert send(server(port), message()) is False
        else:
            with pytest.raises(UnavailableError, match="450"):
                send(server(port), message())


def test_a_server_that_hangs_or_drips_costs_a_bounded_time() -> None:
    for say in (b"", b"2"):
        with hanging(say) as port:
            began = time.monotonic()
            with pytest.raises(UnavailableError, match="did not take"):
                send(server(port), message())
            assert time.monotonic() - began < 20  # on a busy machine; else it never ends


def test_a_server_that_is_not_there_is_said_so() -> None:
    with pytest.raises(UnavailableError):
        send(server(9), message())


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail of the test")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "cert.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    return context


def allow(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and data.password == b"p:w"
    return AuthResult(success=good, handled=False)


def test_the_line_is_encrypted_before_a_password_is_said(certificate: ssl.SSLContext) -> None:
    box = Box()
    with serving(
        box, tls_context=certificate, require_starttls=True, authenticator=allow, auth_required=True
    ) as port:
        assert send(server(port, "smtp", user="u", password="p:w", timeout=5), message())
        with pytest.raises(UnavailableError, match="535"):
            send(server(port, "smtp", user="u", password="no", timeout=5), message())
    with serving(box, ssl_context=certificate) as port:
        assert send(server(port, "smtps", timeout=5), message())
    assert len(box.taken) == 2


def test_no_encryption_and_a_strange_certificate_are_refused(
    certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = Box()
    with serving(box) as port, pytest.raises(UnavailableError, match="NotSupported"):
        send(server(port, "smtp", timeout=5), message())
    monkeypatch.delenv("SSL_CERT_FILE")
    with (
        serving(box, tls_context=certificate) as port,
        pytest.raises(UnavailableError, match="SSLCert"),
    ):
        send(server(port, "smtp", timeout=5), message())
    assert box.taken == []


def test_settings_of_mail_are_read_or_named() -> None:
    def settings(url: str, sender: str = "s@example.org") -> Settings:
        return Settings.model_construct(mail_url=SecretStr(url), mail_from=sender)

    assert read_server(settings("")) is None
    found = read_server(settings("smtps://u%40x:p%3Aw@mail.example.org"))
    assert found is not None
    assert (found.port, found.user, found.password) == (465, "u@x", "p:w")
    for bad in ("http://x", "smtp://", "smtp://h:port", "smtp://h:99999999"):
        with pytest.raises(InputError, match="not written"):
            read_server(settings(bad))
    with pytest.raises(InputError, match="sender"):
        read_server(settings("smtp://h", ""))


def test_a_notice_is_mailed_by_a_job_once(house: House) -> None:
    with_queue(house)
    anna = made(house, "anna@example.org", "legal", name="Anna")
    box = Box()
    with serving(box) as port:
        house.settings.mail_url = SecretStr(f"smtp+plain://127.0.0.1:{port}")
        house.settings.mail_from = "steelyard@example.org"
        house.transact(
            lambda work: tell(
                work, kind="clock.due", subject="req_1", roles=["legal"], people=[anna.id]
            )
        )
        do_jobs(house)
        house.settings.mail_url = SecretStr("")
        house.transact(lambda work: tell(work, kind="x", subject="y", people=[anna.id, "usr_no"]))
        do_jobs(house)
    assert len(box.taken) == 1
    with house.reading() as session:
        states = session.scalars(select(NoticeRow.mail).order_by(NoticeRow.id)).all()
    assert states == ["sent", "none"]


def test_a_dead_server_leaves_the_notice_and_the_job_waits(house: House) -> None:
    with_queue(house)
    anna = made(house, "anna@example.org")
    house.settings.mail_url = SecretStr("smtp+plain://127.0.0.1:9")
    house.settings.mail_from = "steelyard@example.org"
    house.transact(lambda work: tell(work, kind="x", subject="y", people=[anna.id]))
    do_jobs(house)
    with house.reading() as session:
        assert session.scalars(select(NoticeRow.mail)).all() == ["waiting"]
        job = session.scalars(select(JobRow).where(JobRow.kind == "mail.send")).one()
        assert job.state == "waiting"
        assert "did not take a mail" in job.last_error
        assert "anna" not in job.last_error
    clock_of(house).forward(minutes=1)
    house.settings.mail_url = SecretStr("")
    do_jobs(house)


def test_a_server_that_hangs_holds_up_mail_only_and_mail_comes_later(house: House) -> None:
    queue = EmbeddedQueue(house.database, house.clock)
    house.jobs = house.engine = queue
    house.settings.mail_from = "steelyard@example.org"
    house.settings.mail_timeout_seconds = 0.5
    crowd = [made(house, f"p{number}@example.org").id for number in range(8)]
    ended = threading.Event()

    def other(_house: House, _payload: dict[str, Any]) -> Any:
        return lambda _work: ended.set()

    worker = Worker(house, threads=2, handlers={**HANDLERS, "test.other": other}, schedules=(),
                    ticks=())  # fmt: skip
    thread = threading.Thread(target=worker.run)
    with socket.create_server(("127.0.0.1", 0), backlog=50) as door:  # nobody ever answers
        house.settings.mail_url = SecretStr(f"smtp+plain://127.0.0.1:{door.getsockname()[1]}")
        house.transact(lambda work: tell(work, kind="x", subject="y", people=crowd))
        thread.start()
        try:
            _until(lambda: _mails(house)["running"] == 2)
            house.transact(lambda work: work.enqueue("test.other"))
            assert ended.wait(30)
            assert _mails(house)["tried"] < len(crowd), "it waited behind all mail"
            _until(lambda: _mails(house)["said"] == len(crowd))
        finally:
            worker.stop()
            thread.join()
    with house.reading() as session:
        jobs = session.scalars(select(JobRow).where(JobRow.kind == "mail.send")).all()
        states = set(session.scalars(select(NoticeRow.mail)))
    assert {job.state for job in jobs} == {"waiting"}
    assert all("did not take a mail" in job.last_error for job in jobs)
    assert states == {"waiting"}
    box = Box()
    with serving(box) as port:
        house.settings.mail_url = SecretStr(f"smtp+plain://127.0.0.1:{port}")
        clock_of(house).forward(minutes=1)
        do_jobs(house)
    assert len(box.taken) == len(crowd)


def _mails(house: House) -> dict[str, int]:
    with house.reading() as session:
        jobs = session.scalars(select(JobRow).where(JobRow.kind == "mail.send")).all()
    return {
        "running": sum(job.state == "running" for job in jobs),
        "tried": sum(job.attempts > 0 for job in jobs),
        "said": sum(job.last_error != "" for job in jobs),
    }


def _until(true: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_texts_cannot_be_broken_by_values() -> None:
    title, text = render("clock.due", "req_1", "", {"kind": "review\r\nBcc: all\x00" + "x" * 900})
    assert "\n" not in title + text
    assert len(title) <= 200
    assert render("review.asked-for", "rev_1", "", {}) == (
        "Review asked for",
        "review asked for: rev_1.",
    )
    assert "-" in render("clock.due", "req_1", "", {})[0]
