"""A turn of a conversation: one message is acted on exactly once, and answered.

    turn:             transcribe a voice message; ask the assistant what is to be done; then, in one
                      transaction, do it, store the answers and mark the message as handled
    outbox:           send the stored answers to the resident, in order
    abandoned_drafts: put a draft into review that the resident does not go on with
    handover:         leave a message that no turn could handle to the operators

The assistant only says what should be done (`answers`). A turn that is interrupted before its
transaction has changed nothing but Rasa's tracker of the conversation; the next turn uses a new
tracker, restored from `Conversation.state`.
"""
