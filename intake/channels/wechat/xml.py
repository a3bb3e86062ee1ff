"""The XML that WeChat sends, and the XML that answers it."""

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

MAX_BYTES = 64 * 1024  # the longest text has 2,048 bytes; encrypted it grows by a half
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read(body: bytes) -> Mapping[str, str]:
    """Name → text of the elements under ``<xml>``; what lies deeper is left out.

    Raises `InputError` for what is no such document. Entities, DTDs and outside references
    are refused.
    """
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise InputError("This is no XML that WeChat would send.", code="bad_xml") from None
    if root.tag != "xml":
        raise InputError("The document's root is not <xml>.", code="bad_xml")
    return {child.tag: (child.text or "").strip("\r\n") for child in root}


def text_reply(to: str, sender: str, text: str) -> str:
    """A passive answer: one text message to an openid, from the account's own id."""
    return (
        f"<xml><ToUserName>{_cdata(to)}</ToUserName>"
        f"<FromUserName>{_cdata(sender)}</FromUserName>"
        f"<CreateTime>{int(time.time())}</CreateTime>"
        f"<MsgType>{_cdata('text')}</MsgType><Content>{_cdata(text)}</Content></xml>"
    )


def closed_reply(reply: str, key: bytes, app_id: str, token: str) -> str:
    """A passive answer, encrypted and signed."""
    closed = encrypt(key, reply.encode(), app_id)
    timestamp, nonce = str(int(time.time())), secrets.token_hex(8)
    return (
        f"<xml><Encrypt>{_cdata(closed)}</Encrypt>"
        f"<MsgSignature>{_cdata(sign(token, timestamp, nonce, closed))}</MsgSignature>"
        f"<TimeStamp>{timestamp}</TimeStamp><Nonce>{_cdata(nonce)}</Nonce></xml>"
    )


def _cdata(text: str) -> str:
    clean = _NOT_XML.sub("", text).replace("]]>", "]]]]><![CDATA[>")
    return f"<![CDATA[{clean}]]>"
