"""Invented requests for trying the desk and for measuring it."""
