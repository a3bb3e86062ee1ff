"""The parts of the e-mail channel: its options, reading a mail, keeping one, the listener."""
