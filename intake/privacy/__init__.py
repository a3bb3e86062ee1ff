"""Keeping and forgetting: erase a request, forget what is old, back up, restore, hand out."""
