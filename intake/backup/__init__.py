"""Backing up and restoring an installation: database, recordings, settings."""
