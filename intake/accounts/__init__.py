"""Operators, their passwords and sessions, and the households of residents."""
