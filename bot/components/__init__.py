"""Huying's own Rasa components, which classify Mandarin despite errors of recognition."""
