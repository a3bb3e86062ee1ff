"""The service catalogue, and what operators edit at the desk: places, routing rules, texts.

Files are the defaults. Places: the file that the settings name fills a table that is empty and was
never written to. Routing rules and texts: the file is in force until an operator saves something
else, and again when an operator resets that. `edits` is the only writer, so that every change has
its history.
"""
