"""One voicemail in, one routed request out; and whatever breaks, people see it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, text

from intake import service_requests
from intake.errors import BackendError
from intake.lifecycle import Actor, Status
from intake.pipeline import sweep
from intake.service_requests import Author
from intake.storage.jobs import defer
from intake.storage.models import Alarm, AlarmNotice, Delivery, DeliveryAttempt, Event, StationOrder
from speech.errors import (
    ModelMissing,
    RecogniserCrashed,
    RecogniserOutOfMemory,
    RecogniserTimeout,
    Undecodable,
)
from tests.support.installation import Installation

pytestmark = pytest.mark.asyncio
ERRAND = "麻烦帮我去药店买一瓶酱油送来"
FORM = {"place": "幸福里", "unit": "3-2-501", "phone": "13812345678", "name": "王阿姨"}


async def rows(house: Installation, kind: Any) -> list[Any]:
    async with house.parts.sessions() as session:
        return list(await session.scalars(select(kind).order_by(kind.id)))


async def test_a_clear_voicemail_becomes_an_order_on_the_board(house: Installation) -> None:
    number = await house.leave(ERRAND, **FORM)
    await house.work()
    request = await house.request(number)
    assert (request.status, request.category, request.backend) == ("routed", "errand", "station")
    assert (request.place, request.unit, request.phone) == ("幸福里", "3-2-501", "13812345678")
    (order,) = await rows(house, StationOrder)
    assert order.tracking_number == number
    assert request.external_id == str(order.id)
    moves = [e.to_status for e in await rows(house, Event) if e.to_status]
    assert moves == ["received", "transcribed", "understood", "confirmed", "routed"]


async def test_every_job_may_run_twice_and_nothing_happens_twice(house: Installation) -> None:
    number = await house.leave(ERRAND, **FORM)
    await house.work()
    request = await house.request(number)
    (delivery,) = await rows(house, Delivery)
    async with house.parts.sessions.begin() as session:
        for job in ("transcribe", "understand", "decide", "route", "tell"):
            await defer(session, job, service_request_id=request.id)
        await defer(session, "deliver", delivery_id=delivery.id)
    await house.work()
    assert len(await rows(house, StationOrder)) == 1
    assert (await house.request(number)).version == request.version
    assert house.ears.calls == 1


@pytest.mark.parametrize("notes", [(), ("no_speech",)])
async def test_silence_goes_to_review_and_nobody_is_told_to_try_again(
    house: Installation, notes: tuple[str, ...]
) -> None:
    house.ears.notes = notes
    number = await house.leave("")
    await house.work()
    request = await house.request(number)
    assert request.status == "needs_review"
    assert [r["code"] for r in request.reasons] == ["no_speech"]
    assert request.transcript_id is not None


@pytest.mark.parametrize(
    "failure, calls, code",
    [
        (RecogniserCrashed("died"), 3, "recognition_failed"),
        (RecogniserTimeout("hung"), 3, "recognition_failed"),
        (RecogniserOutOfMemory("lack"), 12, "too_little_memory"),
        (Undecodable("what is it"), 1, "undecodable"),
        (ModelMissing("none"), 1, "model_missing"),
        (ZeroDivisionError(), 3, "step_failed"),
    ],
)
async def test_a_recording_that_nothing_can_hear_ends_in_review_after_few_attempts(
    house: Installation, failure: BaseException, calls: int, code: str
) -> None:
    house.ears.failures = [failure] * 50
    number = await house.leave("x")
    await house.work()
    request = await house.request(number)
    assert request.status == "needs_review"
    assert [r["code"] for r in request.reasons] == [code]
    assert house.ears.calls == calls


async def test_one_crash_of_the_recogniser_costs_one_attempt(house: Installation) -> None:
    house.ears.failures = [RecogniserCrashed("died")]
    number = await house.leave(ERRAND, **FORM)
    await house.work()
    assert (await house.request(number)).status == "routed"


async def test_without_the_assistant_people_see_it_at_once_and_it_is_read_again(
    house: Installation,
) -> None:
    house.assistant_up = False
    house.ears.again = ("13912345678", "139-1234-5678")
    number = await house.leave(ERRAND + "，电话13912345678", place="幸福里", unit="3-2-501")
    await house.work(hurry=False)
    request = await house.request(number)
    assert request.status == "needs_review"
    assert [r["code"] for r in request.reasons] == ["assistant_unreachable"]
    assert request.phone == "13912345678"
    version = request.version
    await house.work(rounds=3)
    assert (await house.request(number)).version == version
    house.assistant_up = True
    await house.work()
    request = await house.request(number)
    assert (request.status, request.category, request.reasons) == ("routed", "errand", [])


async def test_what_a_person_touched_is_not_read_again(house: Installation) -> None:
    house.assistant_up = False
    number = await house.leave(ERRAND, **FORM)
    await house.work(hurry=False)
    async with house.parts.sessions.begin() as session:
        request = await service_requests.lock(session, (await house.request(number)).id)
        by = Author(Actor.OPERATOR, "Ms Li")
        await service_requests.correct(session, request, {"category": "meal"}, by, house.parts)
    house.assistant_up = True
    await house.work()
    request = await house.request(number)
    assert (request.status, request.category) == ("needs_review", "meal")


async def test_an_emergency_waits_for_nobody_and_is_never_routed_by_itself(
    house: Installation,
) -> None:
    house.assistant_up = False
    number = await house.leave("救命啊我老伴摔倒了起不来，没有呼吸了", **FORM)
    await house.work(hurry=False)
    request = await house.request(number)
    assert (request.status, request.urgency) == ("needs_review", "emergency")
    assert len(await rows(house, Alarm)) == 1
    house.assistant_up = True
    await house.work()
    request = await house.request(number)
    assert (request.status, request.urgency) == ("needs_review", "emergency")
    assert len(await rows(house, Alarm)) == 1
    assert await rows(house, StationOrder) == []


async def test_a_question_about_an_earlier_request_is_linked_to_it(house: Installation) -> None:
    first = await house.leave(ERRAND, **FORM)
    await house.work()
    house.ranking = [("query_status", 0.98), ("errand", 0.02)]
    second = await house.leave("我那个事办得怎么样了", phone=FORM["phone"])
    await house.work()
    request = await house.request(second)
    assert request.status == "needs_review"
    assert request.related_to_id == (await house.request(first)).id
    assert len(await rows(house, StationOrder)) == 1


class Stubborn:
    """A backend that fails as told, then takes it."""

    polls, can_update = False, True

    def __init__(self, *errors: BackendError | BaseException) -> None:
        self.name = "station"
        self.errors = list(errors)
        self.seen: list[Any] = []
        self.updates: list[str] = []

    async def submit(self, dispatch: Any) -> Any:
        self.seen.append(dispatch)
        if self.errors:
            raise self.errors.pop(0)
        from intake.backends import Receipt

        return Receipt(external_id="E1")

    async def update(self, dispatch: Any) -> None:
        self.updates.append(dispatch.kind)

    async def status(self, pending: Any) -> Any:
        raise AssertionError

    async def close(self) -> None:
        """Nothing to give back."""


async def test_a_backend_that_is_down_for_a_while_gets_it_later_with_the_same_key(
    house: Installation,
) -> None:
    backend = Stubborn(BackendError("down"), BackendError("lost", sent=None))
    house.parts.backends = {"station": backend}
    number = await house.leave(ERRAND, **FORM)
    await house.work()
    assert (await house.request(number)).status == "routed"
    assert len({d.idempotency_key for d in backend.seen}) == 1
    assert [(d.attempt, d.maybe_sent) for d in backend.seen] == [(1, False), (2, False), (3, True)]
    tries = await rows(house, DeliveryAttempt)
    assert [(t.ok, t.sent) for t in tries] == [(False, False), (False, None), (True, True)]


@pytest.mark.parametrize(
    "error, tries, code",
    [
        (BackendError("down"), 3, "delivery_failed"),
        (BackendError("no", retryable=False), 1, "rejected_by_backend"),
        (
            BackendError("?", code="may_have_been_sent_twice", retryable=False, sent=None),
            1,
            "may_have_been_sent_twice",
        ),
    ],
)
async def test_a_backend_that_never_takes_it_ends_in_review(
    open_house: Callable[..., Installation], error: BackendError, tries: int, code: str
) -> None:
    house = open_house(delivering={"attempts": 3})
    house.parts.backends = {"station": Stubborn(*[error] * 20)}
    number = await house.leave(ERRAND, **FORM)
    await house.work()
    request = await house.request(number)
    assert (request.status, [r["code"] for r in request.reasons]) == ("needs_review", [code])
    assert len(await rows(house, DeliveryAttempt)) == tries


async def test_a_bug_in_a_backend_ends_in_review_too(house: Installation) -> None:
    house.parts.backends = {"station": Stubborn(*[ZeroDivisionError()] * 20)}
    number = await house.leave(ERRAND, **FORM)
    await house.work()
    assert (await house.request(number)).status == "needs_review"


async def test_a_stale_result_is_kept_and_not_applied(house: Installation) -> None:
    number = await house.leave(ERRAND, **FORM)
    request_id = (await house.request(number)).id
    async with house.parts.sessions.begin() as session:
        request = await service_requests.lock(session, request_id)
        await service_requests.advance(session, request, Status.CANCELLED, Author(Actor.RESIDENT))
    await house.work()
    request = await house.request(number)
    assert (request.status, request.transcript_id) == ("cancelled", None)


async def test_a_request_whose_job_is_lost_is_found_and_shown_to_people(
    house: Installation,
) -> None:
    number = await house.leave(ERRAND, **FORM)
    async with house.parts.sessions.begin() as session:
        await session.execute(text("DELETE FROM procrastinate_jobs"))
    await sweep.find_stuck(house.parts)
    assert (await house.request(number)).status == "received"
    await house.age(number, "5 minutes")
    await sweep.find_stuck(house.parts)
    request = await house.request(number)
    assert (request.status, request.reasons[0]["code"]) == ("needs_review", "stuck")


async def test_a_request_whose_job_waits_is_left_alone(house: Installation) -> None:
    number = await house.leave(ERRAND, **FORM)
    await house.age(number, "5 minutes")
    await sweep.find_stuck(house.parts)
    assert (await house.request(number)).status == "received"


async def test_what_is_done_and_not_objected_to_is_closed(house: Installation) -> None:
    number = await house.leave(ERRAND, **FORM)
    await house.work()
    async with house.parts.sessions.begin() as session:
        request = await service_requests.lock(session, (await house.request(number)).id)
        await service_requests.advance(
            session, request, Status.DONE, Author(Actor.BACKEND, "station")
        )
    await sweep.let_time_pass(house.parts)
    assert (await house.request(number)).status == "done"
    await house.age(number, "4 days")
    await sweep.let_time_pass(house.parts)
    assert (await house.request(number)).status == "closed"


async def test_the_alarm_goes_from_one_person_to_the_next_until_the_rounds_are_over(
    open_house: Callable[..., Installation],
) -> None:
    people = [
        {"name": name, "webhook": f"http://127.0.0.1:1/{name}", "allow_networks": ["127.0.0.0/8"]}
        for name in ("a", "b")
    ]
    house = open_house(alarm={"contacts": people, "rounds": 2})
    number = await house.leave("救命啊我老伴摔倒了起不来，没有呼吸了", **FORM)
    await house.work(rounds=20)
    notices = await rows(house, AlarmNotice)
    assert [n.contact for n in notices] == ["a", "b", "a", "b"]
    assert all(n.ok is False for n in notices)
    (alarm,) = await rows(house, Alarm)
    assert alarm.status == "unanswered"
    health = (await house.client.get("/healthz")).json()
    assert health["parts"]["database"]["open_alarms"] == 1
    assert (await house.request(number)).status == "needs_review"


async def test_a_call_that_was_begun_when_the_process_died_is_made_again(
    open_house: Callable[..., Installation],
) -> None:
    person = {"name": "a", "webhook": "http://127.0.0.1:1/a", "allow_networks": ["127.0.0.0/8"]}
    house = open_house(alarm={"contacts": [person], "rounds": 1, "next_after_seconds": 3600})
    await house.leave("救命啊我老伴摔倒了起不来，没有呼吸了", **FORM)
    await house.work(hurry=False)
    async with house.parts.sessions.begin() as session:
        (notice,) = (await session.scalars(select(AlarmNotice))).all()
        notice.finished_at = notice.ok = None
        alarm_id = notice.alarm_id
    async with house.parts.sessions.begin() as session:
        await defer(session, "alarm", alarm_id=alarm_id, step=0)
    await house.work(hurry=False)
    (notice,) = await rows(house, AlarmNotice)
    assert notice.finished_at is not None and notice.ok is False


async def test_a_number_that_is_not_heard_again_goes_to_a_person(house: Installation) -> None:
    house.ears.again = ("13912346578", "139-1234-6578", "13912345678")
    number = await house.leave(ERRAND + "，电话13912345678", place="幸福里", unit="3-2-501")
    await house.work()
    request = await house.request(number)
    assert (request.status, request.phone) == ("needs_review", "13912345678")
    assert [r["code"] for r in request.reasons] == ["phone_unsure"]


async def test_a_recogniser_that_dies_while_it_listens_again_loses_nothing(
    house: Installation,
) -> None:
    house.ears.dies_again = True
    number = await house.leave(ERRAND + "，电话13912345678", place="幸福里", unit="3-2-501")
    await house.work()
    request = await house.request(number)
    assert (request.status, request.phone) == ("needs_review", "13912345678")
    assert [r["code"] for r in request.reasons] == ["phone_unsure"]
