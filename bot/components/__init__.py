"""Huying's own parts of the Rasa pipeline: what makes it hear Mandarin through recognition errors."""
