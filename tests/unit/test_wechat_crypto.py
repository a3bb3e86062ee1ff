"""Signatures and encryption agree with an independent peer, and nothing forged gets through."""

from __future__ import annotations

import base64
import hashlib
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidAppIdException, InvalidSignatureException
from wechatpy.utils import check_signature as peer_checks

from intake.channels.wechat import crypto
from intake.channels.wechat import xml as wechat_xml
from intake.channels.wechat.crypto import KeyRing
from intake.errors import NotAllowed
from tests.fakes.wechat import Account, WeChatServer

ACCOUNT = Account()
OLD = Account(token="old-token", aes_key="ZYXWVUTSRQPONMLKJIHGFEDCBA9876543210zyxwvus")
OTHER = Account(app_id="wxffffffffffffffff")
NOW = 1_800_000_000


def ring(*accounts: Account) -> KeyRing:
    return KeyRing(
        ACCOUNT.app_id,
        tuple(account.token for account in accounts),
        tuple(crypto.aes_key(account.aes_key) for account in accounts),
    )


def encrypted(account: Account, xml: str) -> str:
    callback = WeChatServer(account).safe(xml)
    return str(wechat_xml.read(callback.body)["Encrypt"])


@given(st.text(min_size=1), st.text(), st.text())
def test_our_signature_is_the_one_that_the_peer_checks(token: str, stamp: str, nonce: str) -> None:
    peer_checks(token, crypto.sign(token, stamp, nonce), stamp, nonce)


def test_the_signature_is_the_sha1_of_the_sorted_parts() -> None:
    assert crypto.sign("b", "c", "a") == hashlib.sha1(b"abc").hexdigest()


def test_the_present_and_the_previous_token_are_good_and_no_other() -> None:
    good = crypto.sign("old-token", "1", "n")
    assert crypto.check_signature(("callback-token", "old-token"), good, "1", "n") == "old-token"
    for given_ in (good[:-1], good.upper(), "", "é" * 40, crypto.sign("x", "1", "n")):
        with pytest.raises(NotAllowed):
            crypto.check_signature(("callback-token", "old-token"), given_, "1", "n")
    with pytest.raises(NotAllowed):
        crypto.check_signature(("callback-token",), good, "1", "n")


@pytest.mark.parametrize(
    "timestamp", [str(NOW - 301), str(NOW + 301), "", "-5", "1e9", "٣", "9" * 20]
)
def test_an_old_a_future_and_a_senseless_timestamp_are_refused(timestamp: str) -> None:
    crypto.check_fresh(str(NOW - 299), NOW, 300)
    with pytest.raises(NotAllowed):
        crypto.check_fresh(timestamp, NOW, 300)


@given(st.text(max_size=3000))
def test_we_open_what_the_peer_has_closed(text: str) -> None:
    closed = WeChatCrypto(ACCOUNT.token, ACCOUNT.aes_key, ACCOUNT.app_id)
    body = closed.encrypt_message(text, "nonce", "1")
    found = re.search(r"<Encrypt><!\[CDATA\[(.*?)\]\]>", body)
    assert found is not None
    assert crypto.decrypt(ring(ACCOUNT), found[1]).message == text.encode()


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=900))
def test_the_peer_opens_what_we_have_closed(text: str) -> None:
    reply = wechat_xml.text_reply("openid", ACCOUNT.name, text)
    key = crypto.aes_key(ACCOUNT.aes_key)
    body = wechat_xml.encrypted_reply(reply, key, ACCOUNT.app_id, ACCOUNT.token)
    signed = wechat_xml.read(body.encode())
    peer = WeChatCrypto(ACCOUNT.token, ACCOUNT.aes_key, ACCOUNT.app_id)
    opened = peer.decrypt_message(
        body, signed["MsgSignature"], signed["TimeStamp"], signed["Nonce"]
    )
    assert opened == reply
    with pytest.raises(InvalidSignatureException):
        peer.decrypt_message(body, "0" * 40, signed["TimeStamp"], signed["Nonce"])
    stranger = WeChatCrypto(ACCOUNT.token, ACCOUNT.aes_key, OTHER.app_id)
    with pytest.raises(InvalidAppIdException):
        stranger.decrypt_message(body, signed["MsgSignature"], signed["TimeStamp"], signed["Nonce"])


def test_a_message_closed_with_the_previous_key_is_opened_and_answered_with_it() -> None:
    opened = crypto.decrypt(ring(ACCOUNT, OLD), encrypted(OLD, "<xml/>"))
    assert opened.message == b"<xml/>"
    assert opened.key == crypto.aes_key(OLD.aes_key)
    with pytest.raises(NotAllowed):
        crypto.decrypt(ring(ACCOUNT), encrypted(OLD, "<xml/>"))


def test_a_message_for_another_app_id_is_refused() -> None:
    with pytest.raises(NotAllowed) as caught:
        crypto.decrypt(ring(ACCOUNT), encrypted(OTHER, "<xml/>"))
    assert caught.value.code == "not_for_us"


def test_cut_and_changed_messages_are_refused() -> None:
    closed = encrypted(ACCOUNT, "<xml>" + "x" * 100 + "</xml>")
    raw = base64.b64decode(closed)
    bad = [raw[:-16], raw[:-1], raw[16:], raw[:16], b"", bytes([raw[0] ^ 1]) + raw[1:-32]]
    bad += [raw[:-1] + bytes([raw[-1] ^ 1])]
    for wrong in bad:
        with pytest.raises(NotAllowed):
            crypto.decrypt(ring(ACCOUNT), base64.b64encode(wrong).decode())
    for text in ("", "no base64!", closed[:-1], "ä", closed + "\n="):
        with pytest.raises(NotAllowed):
            crypto.decrypt(ring(ACCOUNT), text)


def test_a_length_that_points_behind_the_end_is_refused() -> None:
    key = crypto.aes_key(ACCOUNT.aes_key)
    for length in (0xFFFFFFFF, 4, 2):
        plain = bytes(16) + length.to_bytes(4, "big") + b"abc" + ACCOUNT.app_id.encode()
        fill = 32 - len(plain) % 32
        encryptor = crypto.Cipher(
            crypto.algorithms.AES(key), crypto.modes.CBC(key[:16])
        ).encryptor()
        closed = encryptor.update(plain + bytes([fill]) * fill) + encryptor.finalize()
        with pytest.raises(NotAllowed):
            crypto.decrypt(ring(ACCOUNT), base64.b64encode(closed).decode())


@pytest.mark.parametrize("text", ["", "a" * 42, "a" * 44, "a" * 42 + "!", "钥" * 43])
def test_what_is_no_aes_key_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match="43"):
        crypto.aes_key(text)


def test_the_peer_takes_our_passive_answer_for_what_it_is() -> None:
    from wechatpy import parse_message

    body = wechat_xml.text_reply("o-openid", ACCOUNT.name, "收到 <1> & ]]> 好")
    message = parse_message(body)
    assert (message.type, message.content) == ("text", "收到 <1> & ]]> 好")
    assert (message.target, message.source) == ("o-openid", ACCOUNT.name)
    assert abs(message.create_time.timestamp() - time.time()) < 86400
