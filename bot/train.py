"""Trains the assistant with Rasa as this house uses it (`bot.lean`).

python -m bot.train <arguments of `rasa train`>
"""

import sys

from bot.lean import leave_out


def main() -> None:
    """Run `rasa train` with these arguments."""
    leave_out()
    from rasa.__main__ import main as rasa

    sys.argv = ["rasa", "train", *sys.argv[1:]]
    rasa()


if __name__ == "__main__":
    main()
