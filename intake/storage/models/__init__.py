"""The tables, one class each.

Times are aware UTC. Evidence is ``[start, end)`` in code points of the stored text. What belongs
to one need refers to its `ServiceRequest`; a resident's words stand in `Recording`, `Transcript`
and `Message`, which are never altered.
"""

from intake.storage.models.alarms_and_tasks import Alarm, AlarmNotice, OperatorTask
from intake.storage.models.base import Base
from intake.storage.models.bookkeeping import IdempotencyKey, Leftover
from intake.storage.models.catalogue import CatalogueText, Edit, Edited, Place, RoutingRule
from intake.storage.models.conversations import Attachment, Conversation, Message
from intake.storage.models.deliveries import Delivery, DeliveryAttempt, StationOrder
from intake.storage.models.operators import (
    AccessLog,
    ApiToken,
    KnownSignIn,
    Looking,
    Operator,
    OperatorSession,
    SignInTries,
)
from intake.storage.models.recordings import Recording, Transcript
from intake.storage.models.requests import Event, ServiceRequest, Understanding
from intake.storage.models.residents import ContactPoint, Household, Resident
from intake.storage.models.search import RequestWords, Sound
from intake.storage.models.wechat import WechatAnswer, WechatMedia, WechatToken, WechatWindow

__all__ = [
    "AccessLog",
    "Alarm",
    "AlarmNotice",
    "ApiToken",
    "Attachment",
    "Base",
    "CatalogueText",
    "ContactPoint",
    "Conversation",
    "Delivery",
    "DeliveryAttempt",
    "Edit",
    "Edited",
    "Event",
    "Household",
    "IdempotencyKey",
    "KnownSignIn",
    "Leftover",
    "Looking",
    "Message",
    "Operator",
    "OperatorSession",
    "OperatorTask",
    "Place",
    "Recording",
    "RequestWords",
    "Resident",
    "RoutingRule",
    "ServiceRequest",
    "SignInTries",
    "Sound",
    "StationOrder",
    "Transcript",
    "Understanding",
    "WechatAnswer",
    "WechatMedia",
    "WechatToken",
    "WechatWindow",
]
