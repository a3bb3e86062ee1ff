"""What the web chat is made of; `intake.channels.webchat` is the channel."""
