"""A turn of a conversation: one message is acted on exactly once, and answered.

    turn:             transcribe it, have the assistant say what to do → carry it out, store the
                      answers, mark the message as handled: one transaction
    outbox:           bring the stored answers to the resident, in order
    abandoned_drafts: a draft that nobody goes on with goes to the operators
    handover:         a message that no turn could handle goes to the operators

The assistant only says what should be done (`answers`), so a turn that dies before the transaction
has changed nothing but Rasa's memory; that is made anew from ours before the next turn.
"""
