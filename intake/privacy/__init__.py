"""Erases requests and households, deletes data whose time is over, exports a household's data."""
