"""A turn of a conversation: one message is acted on exactly once, and answered.

    converse: hear it, have the assistant say what to do → carry it out, store the answers, mark the
              message as handled: one transaction
    send:     bring the stored answers to the resident, in order
    abandon:  a draft that nobody goes on with goes to the operators

The assistant only says what should be done (`turns`), so a turn that dies before the transaction
has changed nothing but Rasa's memory; that is made anew from ours before the next turn.
"""

from intake.conversing.drafts import abandon
from intake.conversing.leaving import give_up
from intake.conversing.sending import cannot_send, resend, send
from intake.conversing.turn import converse

__all__ = [
    "abandon",
    "cannot_send",
    "converse",
    "give_up",
    "resend",
    "send",
]
