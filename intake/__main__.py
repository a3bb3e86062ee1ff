"""``python -m intake``: the same as ``huying``."""

from intake.cli import main

main()
