"""What operators edit while the house runs: places, routing rules, the catalogue's texts.

Files are the seed and the default. Places: the settings' file fills a table that nobody has
touched. Routing rules and texts: the file holds until a person writes otherwise, and holds again
when she takes that back. `changes` is the only writer, so that every change has its history.
"""
