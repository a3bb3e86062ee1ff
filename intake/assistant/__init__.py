"""Rasa: the HTTP client, its training and the store of its conversations."""
