"""What a resident's message asks for: pure functions from text to values."""
