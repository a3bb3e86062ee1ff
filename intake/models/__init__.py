"""What we keep: one class a table, in the words of the house.

Times are aware UTC. Evidence is ``[start, end)`` in code points of the stored text. What
belongs to one need hangs on `ServiceRequest`; what was said hangs on `Recording`, `Transcript`
and `Message`, which are never altered.
"""

from intake.models.base import Base
from intake.models.conversations import Attachment, Conversation, Message
from intake.models.deliveries import Delivery, DeliveryAttempt, StationOrder
from intake.models.duties import Alarm, AlarmNotice, OperatorTask
from intake.models.editing import CatalogueText, Edit, Edited, Place, RoutingRule
from intake.models.operators import (
    AccessLog,
    ApiToken,
    Looking,
    Operator,
    OperatorSession,
    SignInTries,
)
from intake.models.recordings import Recording, Transcript
from intake.models.requests import Event, ServiceRequest, Understanding
from intake.models.residents import ContactPoint, Household, Resident
from intake.models.searching import RequestWords, Sound
from intake.models.upkeep import IdempotencyKey, Leftover
from intake.models.wechat import WechatAnswer, WechatMedia, WechatToken, WechatWindow

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
