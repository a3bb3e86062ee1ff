"""Characters that nobody sees are shown, wherever words of others are."""

import pytest
from jinja2 import Environment
from markupsafe import Markup

from intake.locale.visible_text import finalize, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("水管漏了\n快来\t谢谢", "水管漏了\n快来\t谢谢"),
        ("\x1b[2J\x1b[H清屏", "␛[2J␛[H清屏"),
        ("铃\x07", "铃␇"),
        ("\x00", "␀"),
        ("\x7f", "⟨U+007F⟩"),
        ("\x9b31m", "⟨U+009B⟩31m"),
        ("138\u202e4321", "138⟨U+202E⟩4321"),
        ("\u2066王\u2069", "⟨U+2066⟩王⟨U+2069⟩"),
        ("\ufeff李", "⟨U+FEFF⟩李"),
        ("a\u2028b", "a⟨U+2028⟩b"),
        ("👨\u200d👩\u200d👧 好", "👨\u200d👩\u200d👧 好"),
        ("", ""),
    ],
)
def test_what_nobody_sees_is_shown_and_the_rest_stays(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_template_shows_it_and_keeps_our_own_markup() -> None:
    template = Environment(autoescape=True, finalize=finalize).from_string(
        "{{ a }} {{ b }} {{ c }}"
    )
    assert template.render(a="<\u202e>", b=Markup("<b>x</b>"), c=3) == "&lt;⟨U+202E⟩&gt; <b>x</b> 3"
