"""Sends a stored message to a follower, as far as WeChat's reply window allows."""

from __future__ import annotations

from sqlalchemy import text

from intake.channels.wechat import reply_window
from intake.channels.wechat.api import WINDOW_CLOSED, Api, Refusal
from intake.channels.wechat.split_text import pieces
from intake.errors import BackendError, CannotSend
from intake.storage.db import Sessions
from intake.storage.models import Message

_PIECES_SENT = text(
    "UPDATE messages SET data = data || jsonb_build_object('wechat_pieces', CAST(:n AS int))"
    " WHERE id = :id"
)


async def send(api: Api, sessions: Sessions, message: Message, openid: str) -> None:
    """Send a message in as many pieces as it needs; pieces that were sent before are skipped.

    Raises `CannotSend`: not retryable when the window is closed or WeChat refuses.
    """
    all_pieces = pieces(message.text or "")
    for number, piece in enumerate(all_pieces[sent_pieces(message) :], sent_pieces(message) + 1):
        await _send_piece(api, sessions, openid, piece)
        if number < len(all_pieces):
            async with sessions.begin() as session:
                await session.execute(_PIECES_SENT, {"n": number, "id": message.id})


def sent_pieces(message: Message) -> int:
    """How many pieces of the message have been sent."""
    return int((message.data or {}).get("wechat_pieces", 0))


async def _send_piece(api: Api, sessions: Sessions, openid: str, piece: str) -> None:
    while True:
        async with sessions.begin() as session:
            slot = await reply_window.take(session, openid)
        if slot is None:
            raise CannotSend(
                "WeChat accepts no more messages to this resident until the resident writes.",
                code="window_closed",
            )
        try:
            await api.send_text(openid, piece)
            return
        except BackendError as error:
            closed = isinstance(error, Refusal) and error.errcode in WINDOW_CLOSED
            async with sessions.begin() as session:
                if closed:
                    await reply_window.close(session, slot)
                elif error.sent is False:
                    await reply_window.give_back(session, slot)
            if not closed:
                raise CannotSend(
                    error.sentence,
                    code=error.code,
                    retryable=error.retryable,
                    retry_after_seconds=error.retry_after_seconds,
                ) from None
