"""Outgoing traffic: HTTP requests, mail, signatures, and what network addresses mean."""
