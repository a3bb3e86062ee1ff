"""Huying's own parts of the Rasa pipeline: they hear Mandarin through recognition errors."""
