"""Parses the XML that WeChat sends, and writes the XML of passive answers."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from intake.channels.wechat.crypto import encrypt, sign
from intake.errors import InputError

MAX_BYTES = 64 * 1024  # the longest text has 2,048 bytes; encryption adds a half
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read(body: bytes) -> Mapping[str, str]:
    """Name → text of the elements directly under ``<xml>``; nested ones are left out.

    Raises `InputError` for any other document, and for entities, DTDs and external references.
    """
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise InputError("This is no XML that WeChat would send.", code="bad_xml") from None
    if root.tag != "xml":
        raise InputError("The document's root is not <xml>.", code="bad_xml")
    return {child.tag: (child.text or "").strip("\r\n") for child in root}


def text_reply(to: str, sender: str, text: str) -> str:
    """The XML of a passive answer: one text message to an openid, from the account's own id."""
    return (
        f"<xml><ToUserName>{_cdata(to)}</ToUserName>"
        f"<FromUserName>{_cdata(sender)}</FromUserName>"
        f"<CreateTime>{int(time.time())}</CreateTime>"
        f"<MsgType>{_cdata('text')}</MsgType><Content>{_cdata(text)}</Content></xml>"
    )


def encrypted_reply(reply: str, key: bytes, app_id: str, token: str) -> str:
    """A passive answer, encrypted and signed."""
    encrypted = encrypt(key, reply.encode(), app_id)
    timestamp, nonce = str(int(time.time())), secrets.token_hex(8)
    return (
        f"<xml><Encrypt>{_cdata(encrypted)}</Encrypt>"
        f"<MsgSignature>{_cdata(sign(token, timestamp, nonce, encrypted))}</MsgSignature>"
        f"<TimeStamp>{timestamp}</TimeStamp><Nonce>{_cdata(nonce)}</Nonce></xml>"
    )


def _cdata(text: str) -> str:
    clean = _NOT_XML.sub("", text).replace("]]>", "]]]]><![CDATA[>")
    return f"<![CDATA[{clean}]]>"
