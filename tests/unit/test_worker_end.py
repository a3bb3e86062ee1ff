"""A worker that ends says why in one sentence, also when several of its parts fail at once."""

import pytest
from procrastinate.exceptions import ConnectorException

from intake.errors import HuyingError, Unavailable
from intake.worker import _first_cause

OURS = Unavailable("The runner of the queue 'chat' ended by itself; see the log above.")


def lost() -> ConnectorException:
    error = ConnectorException("lost")
    error.__cause__ = OSError("gone")
    return error


@pytest.mark.parametrize(
    ("errors", "sentence"),
    [
        ([OURS], str(OURS)),
        ([lost()], "The database was lost (OSError)."),
        ([lost(), OURS], str(OURS)),
        ([OURS, lost(), lost()], str(OURS)),
    ],
)
def test_the_sentence_is_one_whatever_failed_together(
    errors: list[Exception], sentence: str
) -> None:
    with pytest.raises(HuyingError) as raised:
        try:
            raise ExceptionGroup("queues", errors)
        except* (HuyingError, ConnectorException) as group:
            raise _first_cause(group) from None
    assert str(raised.value) == sentence
