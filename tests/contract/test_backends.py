"""One contract for all backends, against a real other side of each."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import georeport
import pytest
import trustme
from sqlalchemy import select, update

from intake import backends
from intake.backends import Backend, Dispatch, Pending
from intake.errors import BackendError, SettingsError
from intake.lifecycle import Status
from intake.network.http import Outgoing
from intake.storage.db import connect
from intake.storage.models import StationOrder
from tests.fakes.http_server import Answer, Fault
from tests.fakes.mail_server import MailServer
from tests.fakes.open311_server import Open311Server
from tests.fakes.webhook_receiver import WebhookReceiver

LOOPBACK = ["127.0.0.0/8"]


def order(**changes: Any) -> Dispatch:
    base = Dispatch(
        delivery_id="7",
        idempotency_key="3-0472-6:submit:1",
        kind="submit",
        tracking_number="3-0472-6",
        version=4,
        category="home_repair",
        category_name={"zh": "居家维修", "en": "Home repair"},
        service_hint=None,
        urgency="normal",
        summary="厨房水龙头漏水",
        transcript="我家厨房那个水龙头一直滴水，电话是13800138000",
        language="zh",
        fields={
            "place": "幸福里",
            "area": "东区",
            "unit": "3-2-501",
            "when_start": datetime(2026, 11, 23, 1, tzinfo=UTC),
            "when_end": datetime(2026, 11, 23, 4, tzinfo=UTC),
            "when_text": "礼拜一上午",
            "person": "王阿姨",
            "phone": "13800138000",
        },
        address=None,
        latitude=None,
        longitude=None,
        received_at=datetime.now(UTC) - timedelta(minutes=2),
        deadline_at=None,
        recording_url="https://huying.example/r/abc",
        recording_name="3-0472-6.amr",
        update_url="https://huying.example/api/backends/b/updates",
        update_links={
            "accepted": "https://huying.example/u/1",
            "done": "https://huying.example/u/2",
        },
    )
    told = {name: changes.pop(name) for name in base.fields if name in changes}
    return replace(base, fields={**base.fields, **told}, **changes)


@dataclass
class Other:
    """The other side of one backend, and how to hurt it."""

    backend: Backend
    orders: Callable[[], Any]
    faults: Mapping[str, Callable[[], None]] = field(default_factory=dict)
    server: Any = None
    with_options: Callable[..., Backend] | None = None


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@dataclass
class World:
    folder: Path
    authority: trustme.CA
    database_url: Callable[[], str]

    def secret(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text + "\n")
        return path

    @property
    def ca_file(self) -> Path:
        path = self.folder / "ca.pem"
        self.authority.cert_pem.write_to_path(str(path))
        return path

    def server_tls(self, name: str) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.authority.issue_cert(name).configure_cert(context)
        return context


async def _local(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def _http_faults(server: Any) -> dict[str, Callable[[], None]]:
    def next_post(fault: Fault) -> Callable[[], None]:
        return lambda: server.faults.append(fault)

    return {
        "refused": next_post(Fault(Answer(422, b"no such street"))),
        "failing": next_post(Fault(Answer(500))),
        "busy": next_post(Fault(Answer(503, headers={"Retry-After": "17"}))),
        "silent": next_post(Fault(hang=True)),
        "broken": next_post(Fault(drop=True)),
    }


@asynccontextmanager
async def webhook(world: World) -> AsyncIterator[Other]:
    context = world.server_tls("hooks.example")
    async with WebhookReceiver(["old", "shared"], context=context) as server:
        table = {
            "kind": "webhook",
            "url": f"https://hooks.example:{server.port}/orders",
            "secret_file": str(world.secret("webhook", "shared")),
            "ca_file": str(world.ca_file),
            "allow_networks": LOOPBACK,
            "timeout_seconds": 2,
        }

        def make(**options: Any) -> Backend:
            return backends.create("hooks", {**table, **options}, Outgoing(resolve=_local))

        yield Other(
            make(), lambda: list(server.events.values()), _http_faults(server), server, make
        )


@asynccontextmanager
async def open311(world: World, **kwargs: Any) -> AsyncIterator[Other]:
    async with Open311Server("key-1", **kwargs) as server:
        table = {
            "kind": "open311",
            "url": f"{server.url}/v2",
            "api_key_file": str(world.secret("key", "key-1")),
            "services": {"home_repair": "REPAIR", "haircut": "ASKS", "meal": "GONE"},
            "allow_networks": LOOPBACK,
            "timeout_seconds": 2,
            "settle_seconds": 0,
        }

        def make(**options: Any) -> Backend:
            changed = {k: v for k, v in {**table, **options}.items() if v is not None}
            return backends.create("city", changed, Outgoing())

        yield Other(make(), lambda: server.orders, _http_faults(server), server, make)


@asynccontextmanager
async def email(world: World) -> AsyncIterator[Other]:
    async with MailServer(world.server_tls("mail.example")) as server:
        table = {
            "kind": "email",
            "to": ["team@agency.example"],
            "sender": "intake@huying.example",
            "host": "mail.example",
            "port": server.port,
            "username": "huying",
            "password_file": str(world.secret("smtp", "geheim")),
            "ca_file": str(world.ca_file),
            "allow_networks": LOOPBACK,
            "timeout_seconds": 2,
        }

        def make(**options: Any) -> Backend:
            return backends.create("team", {**table, **options}, Outgoing(resolve=_local))

        faults = {
            "refused": "554 5.7.1 not wanted",
            "failing": "451 4.3.0 try later",
            "silent": "hang",
        }
        hurts = {
            name: lambda line=line: server.faults.append(line) for name, line in faults.items()
        }
        yield Other(make(), lambda: server.mails, hurts, server, make)


@asynccontextmanager
async def station(world: World) -> AsyncIterator[Other]:
    engine, sessions = connect(world.database_url())
    outgoing = Outgoing(sessions)

    async def rows() -> list[StationOrder]:
        async with sessions() as session:
            return list(await session.scalars(select(StationOrder)))

    yield Other(backends.create("board", {"kind": "station"}, outgoing), rows, server=sessions)
    await engine.dispose()


KINDS = {"station": station, "webhook": webhook, "open311": open311, "email": email}
REMOTE = ["webhook", "open311", "email"]


@pytest.fixture
async def world(tmp_path: Path, authority: trustme.CA, request: pytest.FixtureRequest) -> World:
    return World(tmp_path, authority, lambda: str(request.getfixturevalue("database_url")))


@pytest.fixture
async def other(
    request: pytest.FixtureRequest, tmp_path: Path, authority: trustme.CA
) -> AsyncIterator[Other]:
    url = request.getfixturevalue("database_url") if request.param == "station" else ""
    async with AsyncExitStack() as stack:
        world = World(tmp_path, authority, lambda: str(url))
        yield await stack.enter_async_context(KINDS[request.param](world))


async def there(other: Other) -> list[Any]:
    found = other.orders()
    return list(await found) if asyncio.iscoroutine(found) else list(found)


each = pytest.mark.parametrize("other", list(KINDS), indirect=True)
each_remote = pytest.mark.parametrize("other", REMOTE, indirect=True)
each_http = pytest.mark.parametrize("other", ["webhook", "open311"], indirect=True)


async def failure(other: Other, dispatch: Dispatch) -> BackendError:
    with pytest.raises(BackendError) as caught:
        await other.backend.submit(dispatch)
    return caught.value


def test_every_kind_of_backend_stands_in_the_contract() -> None:
    assert backends.kinds() == sorted(KINDS)


@each
async def test_an_order_arrives_and_is_given_a_number(other: Other) -> None:
    receipt = await other.backend.submit(order())
    assert len(await there(other)) == 1
    assert receipt.external_id


@each
async def test_the_same_key_twice_is_one_order(other: Other) -> None:
    first = await other.backend.submit(order())
    second = await other.backend.submit(order(attempt=2, maybe_sent=True))
    assert first.external_id == second.external_id
    ids = {getattr(o, "id", None) or _identity(o) for o in await there(other)}
    assert len(ids) == 1


def _identity(found: Any) -> str:
    if isinstance(found, dict):
        return str(found.get("idempotency_key") or found["service_request_id"])
    return str(found["Message-ID"])


@each
async def test_two_keys_are_two_orders(other: Other) -> None:
    await other.backend.submit(order())
    again = order(idempotency_key="3-0472-6:submit:2", attempt=2, maybe_sent=True)
    await other.backend.submit(again)
    assert len(await there(other)) == 2


@each_remote
async def test_a_refusal_is_final_and_surely_not_there(other: Other) -> None:
    other.faults["refused"]()
    error = await failure(other, order())
    assert (error.retryable, error.sent) == (False, False)
    assert await there(other) == []


@each_remote
async def test_a_failure_over_there_can_be_tried_again(other: Other) -> None:
    other.faults["failing"]()
    error = await failure(other, order())
    assert error.retryable
    await other.backend.submit(order(attempt=2, maybe_sent=error.sent is None))
    assert len(await there(other)) == 1


@each_http
async def test_a_busy_side_says_when_to_come_back(other: Other) -> None:
    other.faults["busy"]()
    error = await failure(other, order())
    assert (error.retryable, error.retry_after_seconds) == (True, 17)


@each_remote
async def test_no_answer_after_the_order_was_sent_leaves_it_open_whether_it_arrived(
    other: Other,
) -> None:
    other.faults["silent"]()
    error = await failure(other, order())
    assert (error.code, error.retryable, error.sent) == ("backend_timeout", True, None)
    await other.backend.submit(order(attempt=2, maybe_sent=True))
    assert len({_identity(o) for o in await there(other)}) == 1


@each_http
async def test_a_connection_that_breaks_after_the_order_was_sent_is_looked_after(
    other: Other,
) -> None:
    other.faults["broken"]()
    error = await failure(other, order())
    assert (error.code, error.sent) == ("backend_connection_broken", None)
    await other.backend.submit(order(attempt=2, maybe_sent=True))
    assert len(await there(other)) == 1


@each_remote
async def test_a_name_that_leads_into_the_own_network_is_refused_before_anything_is_sent(
    other: Other,
) -> None:
    assert other.with_options is not None
    inside = replace(other, backend=other.with_options(allow_networks=[]))
    error = await failure(inside, order())
    assert (error.code, error.retryable, error.sent) == ("address_refused", False, False)
    assert other.server.connections == 0


@pytest.mark.parametrize("other", ["station", "webhook", "email"], indirect=True)
async def test_changes_and_cancellations_reach_the_other_side(other: Other) -> None:
    receipt = await other.backend.submit(order())
    for kind, version in (("changed", 5), ("cancelled", 6)):
        await other.backend.update(
            order(
                kind=kind,
                version=version,
                idempotency_key=f"3-0472-6:{kind}:{version}",
                external_id=receipt.external_id,
                summary="卫生间水龙头漏水",
                reason="老人改了主意",
            )
        )
    assert other.backend.can_update
    last = (await there(other))[-1]
    if isinstance(last, StationOrder):
        assert (last.status, last.note, last.version) == ("cancelled", "老人改了主意", 3)
        assert last.payload["summary"] == "卫生间水龙头漏水"
    elif isinstance(last, dict):
        assert (last["event"], last["external_id"]) == ("cancelled", receipt.external_id)
    else:
        assert last["In-Reply-To"] == receipt.external_id
        assert "取消" in last["Subject"]


@pytest.mark.parametrize("other", ["open311"], indirect=True)
async def test_what_open311_can_not_be_told_is_left_to_people(other: Other) -> None:
    assert not other.backend.can_update
    with pytest.raises(BackendError) as caught:
        await other.backend.update(order(kind="cancelled"))
    assert not caught.value.retryable


@each
async def test_without_news_the_status_is_no_news(other: Other) -> None:
    receipt = await other.backend.submit(order())
    pending = Pending(receipt.external_id, receipt.token, "3-0472-6", datetime.now(UTC))
    assert (await other.backend.status(pending)).status is None


@pytest.mark.parametrize("other", ["station"], indirect=True)
@pytest.mark.parametrize(
    ("board", "ours"),
    [("accepted", Status.ACCEPTED), ("done", Status.DONE), ("could_not", Status.NEEDS_REVIEW)],
)
async def test_the_board_says_how_an_order_stands(other: Other, board: str, ours: Status) -> None:
    receipt = await other.backend.submit(order())
    async with other.server.begin() as session:
        await session.execute(update(StationOrder).values(status=board, accepted_by="李师傅"))
    pending = Pending(receipt.external_id, None, "3-0472-6", datetime.now(UTC))
    report = await other.backend.status(pending)
    assert (report.status, report.who) == (ours, "李师傅")


@pytest.mark.parametrize("other", ["station"], indirect=True)
async def test_a_finished_order_on_the_board_is_not_cancelled_in_silence(other: Other) -> None:
    await other.backend.submit(order())
    async with other.server.begin() as session:
        await session.execute(update(StationOrder).values(status="done"))
    with pytest.raises(BackendError) as caught:
        await other.backend.update(order(kind="cancelled", version=9))
    assert caught.value.code == "order_finished"


async def test_a_board_whose_database_is_away_is_tried_again() -> None:
    engine, sessions = connect("postgresql://nobody@127.0.0.1:1/none")
    board = backends.create("board", {"kind": "station"}, Outgoing(sessions))
    with pytest.raises(BackendError) as caught:
        await board.submit(order())
    assert (caught.value.retryable, caught.value.sent) == (True, None)
    await engine.dispose()


@pytest.mark.parametrize("other", ["webhook"], indirect=True)
async def test_a_conflict_that_names_the_order_counts_as_there(other: Other) -> None:
    other.server.conflicts = True
    first = await other.backend.submit(order())
    assert await other.backend.submit(order(attempt=2)) == first
    other.server.faults.append(Fault(Answer(409)))
    assert (await failure(other, order())).code == "backend_conflict"


@pytest.mark.parametrize("other", ["webhook"], indirect=True)
async def test_a_wrong_secret_is_told_as_such(other: Other) -> None:
    other.server.secrets = ["another"]
    error = await failure(other, order())
    assert (error.code, error.retryable) == ("backend_denied_us", False)


@pytest.mark.parametrize("format", ["json", "xml"])
async def test_the_independent_client_reads_what_we_posted(world: World, format: str) -> None:
    async with open311(world) as other:
        assert other.with_options is not None
        city = other.with_options(format=format, jurisdiction_id="dongqu")
        receipt = await city.submit(order())
        peer = georeport.GeoReport(f"{other.server.url}/v2", output_format=format)
        read = await asyncio.to_thread(peer.get_service_request, receipt.external_id)
        assert read["service_request_id"] == receipt.external_id
        assert read["service_code"] == "REPAIR"
        assert read["address"] == "东区 幸福里 3-2-501"
        assert read["description"].startswith("3-0472-6 ")
        assert "厨房水龙头漏水" in read["description"]
        everything = await asyncio.to_thread(peer.get_service_requests, service_code="REPAIR")
        assert "厨房水龙头漏水" in str(everything)
        posted = next(a for a in other.server.asked if a.method == "POST")
        assert posted.headers["content-type"] == "application/x-www-form-urlencoded"
        assert posted.form["jurisdiction_id"] == "dongqu"
        assert "13800138000" not in posted.body.decode()
        assert "phone" not in posted.form


async def test_a_contact_goes_to_the_city_only_where_the_settings_say_so(world: World) -> None:
    async with open311(world) as other:
        assert other.with_options is not None
        city = other.with_options(send_contact=True, send_transcript=True)
        await city.submit(order(transcript="水" * 5000))
        form = other.orders()[0]["form"]
        assert (form["first_name"], form["phone"]) == ("王阿姨", "13800138000")
        assert len(form["description"]) == 4000


@pytest.mark.parametrize("format", ["json", "xml"])
async def test_the_city_closes_and_we_hear_done(world: World, format: str) -> None:
    async with open311(world) as other:
        assert other.with_options is not None
        city = other.with_options(format=format)
        receipt = await city.submit(order())
        pending = Pending(receipt.external_id, None, "3-0472-6", datetime.now(UTC))
        row = other.orders()[0]
        row["agency_responsible"] = "水务所"
        assert (await city.status(pending)).status is None
        row["updated_datetime"] = (datetime.now(UTC) + timedelta(seconds=5)).isoformat()
        assert (await city.status(pending)).status is Status.ACCEPTED
        row |= {"status": "closed", "status_notes": "换了龙头"}
        report = await city.status(pending)
        assert (report.status, report.note, report.who) == (Status.DONE, "换了龙头", "水务所")


async def test_a_token_becomes_a_number_later(world: World) -> None:
    async with open311(world, kind="batch") as other:
        receipt = await other.backend.submit(order())
        assert (receipt.external_id, receipt.token) == (None, "T-1")
        pending = Pending(None, receipt.token, "3-0472-6", datetime.now(UTC))
        other.server.shows = False
        assert (await other.backend.status(pending)).external_id is None
        other.server.shows = True
        assert (await other.backend.status(pending)).external_id == "1"


@pytest.mark.parametrize("why", ["batch", "no_descriptions", "too_long"])
async def test_where_the_list_does_not_tell_nothing_is_posted_again(world: World, why: str) -> None:
    async with open311(world, kind="batch" if why == "batch" else "realtime") as other:
        server = other.server
        await other.backend.submit(order(idempotency_key="of another need"))
        if why == "no_descriptions":
            server.hides = {"description"}
        if why == "too_long":
            server.orders.extend(dict(server.orders[0]) for _ in range(1000))
        before = len(server.orders)
        error = await failure(other, order(attempt=2, maybe_sent=True))
        assert error.code == "may_have_been_sent_twice"
        assert (error.retryable, error.sent) == (False, None)
        assert len(server.orders) == before


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"category": "general"}, "no_service"),
        ({"category": "meal"}, "service_unknown"),
        ({"category": "haircut"}, "attributes_missing"),
        ({"place": None, "area": None, "unit": None}, "no_location"),
    ],
)
async def test_what_the_city_would_not_take_is_said_before_it_is_sent(
    world: World, changes: dict[str, Any], code: str
) -> None:
    async with open311(world) as other:
        error = await failure(other, order(**changes))
        assert (error.code, error.retryable, error.sent) == (code, False, False)
        assert not any(asked.method == "POST" for asked in other.server.asked)


async def test_demanded_attributes_come_from_the_settings(world: World) -> None:
    async with open311(world) as other:
        assert other.with_options is not None
        city = other.with_options(attributes={"ASKS": {"FLOOR": "5"}})
        await city.submit(order(category="haircut"))
        assert other.orders()[0]["form"]["attribute[FLOOR]"] == "5"


async def test_the_endpoint_is_found_by_discovery(world: World) -> None:
    async with open311(world) as other:
        assert other.with_options is not None
        found = f"{other.server.url}/v2/discovery.json"
        await other.with_options(url=None, discovery_url=found).submit(order())
        assert len(other.orders()) == 1


async def test_an_xml_bomb_is_an_unreadable_answer(world: World) -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><a>&c;</a>'
    async with open311(world) as other:
        other.server.faults.append(Fault(Answer(200, bomb)))
        error = await failure(other, order())
        assert (error.code, error.sent) == ("answer_unreadable", None)


async def test_a_mail_carries_the_recording_and_the_links_in_two_languages(world: World) -> None:
    sound = world.folder / "x.amr"
    sound.write_bytes(b"#!AMR\n" + b"\0" * 100)
    async with email(world) as other:
        assert other.with_options is not None
        await other.backend.submit(order(recording_path=sound))
        await other.with_options(language="en", attach_up_to_bytes=10).submit(
            order(recording_path=sound, transcript="<script>alert(1)</script>")
        )
        zh, en = other.orders()
        attached = [part.get_filename() for part in zh.iter_attachments()]
        assert attached == ["3-0472-6.amr"]
        text = zh.get_body(("plain",)).get_content()
        assert "我来办: https://huying.example/u/1" in text
        assert "2026-11-23 09:00" in text
        assert list(en.iter_attachments()) == []
        page = en.get_body(("html",)).get_content()
        assert "https://huying.example/r/abc" in page
        assert "It is done" in page
        assert "<script>" not in page
        assert zh["Auto-Submitted"] == "auto-generated"
        assert zh["Message-ID"] == en["Message-ID"]


async def test_no_value_can_add_a_header_to_a_mail(world: World) -> None:
    nasty = "x\r\nBcc: thief@evil.example\n\n\x85body"
    async with email(world) as other:
        await other.backend.submit(
            order(place=nasty, category_name={"zh": nasty}, recording_name=nasty, person=nasty)
        )
        await other.backend.update(order(kind="changed", external_id=nasty, tracking_number=nasty))
        for mail in other.orders():
            assert mail["Bcc"] is None
            assert mail["In-Reply-To"] is None
            assert mail.get_body(("plain",)) is not None


async def test_a_mail_server_without_starttls_gets_nothing(world: World) -> None:
    async with email(world) as other, MailServer(None) as plain:
        assert other.with_options is not None
        backend = other.with_options(port=plain.port)
        error = await failure(replace(other, backend=backend), order())
        assert (error.code, error.retryable, error.sent) == ("smtp_not_supported", False, False)
        assert plain.mails == []


async def test_a_mail_server_with_a_strange_certificate_gets_no_password(world: World) -> None:
    async with email(world) as other:
        assert other.with_options is not None
        backend = other.with_options(host="elsewhere.example")
        error = await failure(replace(other, backend=backend), order())
        assert (error.code, error.sent) == ("backend_not_trusted", False)


async def test_a_refused_mailbox_or_password_is_told_as_such(world: World) -> None:
    async with email(world) as other:
        other.server.refuses = {"team@agency.example"}
        assert (await failure(other, order())).code == "recipient_refused"
        other.server.password = "changed"
        assert (await failure(other, order())).code == "backend_denied_us"
        assert other.orders() == []


@pytest.mark.parametrize("kind", ["webhook", "open311", "email"])
def test_a_table_that_lacks_its_keys_names_them(kind: str) -> None:
    with pytest.raises(SettingsError) as caught:
        backends.check("x", {"kind": kind, "tokne": 1})
    assert "tokne" in str(caught.value)
    assert "_file" in str(caught.value) or "sender" in str(caught.value)
