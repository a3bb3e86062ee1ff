"""How Rasa is started: every secret that may be drawn is taken."""

from __future__ import annotations

import os
import subprocess

from intake.assistant.training import bot_python
from intake.settings import ROOT


def test_a_token_that_begins_with_a_dash_is_a_token_and_not_an_option() -> None:
    started = subprocess.run(
        [str(bot_python(ROOT)), "-m", "bot.serve", "--no-such-option"],
        env={**os.environ, "HUYING_ASSISTANT_TOKEN": "-kept.secret"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "unrecognized arguments: --no-such-option" in started.stderr
    assert "--auth-token" not in started.stderr.splitlines()[-1]
