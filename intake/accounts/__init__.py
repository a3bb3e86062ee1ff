"""Operators who sign in, their passwords and sessions, and the households they look after."""
