"""Outgoing traffic: HTTP requests, mail, signatures, and checks of network addresses."""
