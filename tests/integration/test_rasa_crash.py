"""The real Rasa, killed while it reads a voicemail."""

from __future__ import annotations

from pathlib import Path

from tests.integration.stack import ERRAND, Stack, until

SECONDS = 300.0
READING = "SELECT 1 FROM procrastinate_jobs WHERE task_name = 'understand' AND status = 'doing'"


def test_what_rasa_read_when_it_was_killed_is_read_again_by_the_next_one(tmp_path: Path) -> None:
    with Stack(tmp_path, spawn_assistant=True, assistant={"url": None}) as stack:
        stack.start(wait=False)
        until(stack.healthy, SECONDS, stack.log)
        rasa = stack.part("rasa")
        rasa.suspend()  # it takes the question and does not answer
        number = stack.leave(ERRAND, "1-1-101")
        until(lambda: stack.rows(READING), SECONDS, stack.describe)
        stack.kill("rasa")
        until(lambda: stack.state("rasa").restarts, SECONDS, stack.log)
        until(stack.healthy, SECONDS, stack.log)
        until(
            lambda: stack.rows(
                "SELECT 1 FROM service_requests WHERE tracking_number = %s"
                " AND category IS NOT NULL"
                ' AND NOT reasons @> \'[{"code": "assistant_unreachable"}]\'',
                number,
            ),
            SECONDS,
            stack.describe,
        )
        assert len(stack.receiver.keys(number)) <= 1
        assert stack.end() == []
