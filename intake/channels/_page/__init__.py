"""The parts of `intake.channels.page`."""
