"""The words of English time expressions."""

# ruff: noqa: E501 (a pattern is read best in one line)

import re

from intake.understanding.numerals import ENGLISH

PARTS = {
    "early morning": ("07:00", "09:00"), "first thing": ("07:00", "09:00"), "morning": ("09:00", "12:00"),
    "lunchtime": ("11:00", "13:00"), "lunch time": ("11:00", "13:00"), "midday": ("11:00", "13:00"), "afternoon": ("14:00", "18:00"),
    "evening": ("18:00", "21:00"), "tonight": ("18:00", "21:00"), "night": ("18:00", "21:00"),
}  # fmt: skip
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = tuple(
    [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ]
)
_MONTH = "|".join(
    (*MONTHS, "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sept?", "oct", "nov", "dec")
)
ORDINALS = {
    word: value
    for value, word in enumerate(
        [
            "first",
            "second",
            "third",
            "fourth",
            "fifth",
            "sixth",
            "seventh",
            "eighth",
            "ninth",
            "tenth",
            "eleventh",
            "twelfth",
        ],
        1,
    )
} | {"twentieth": 20, "thirtieth": 30}
_NUMBER = "|".join(["\\d{1,2}", *sorted(ENGLISH, key=len, reverse=True)])
_DAY_NAME = "|".join(WEEKDAYS)
_ORDINAL = r"\d{1,2}(?:st|nd|rd|th)|" + "|".join(ORDINALS)
_TENS = "twenty|thirty|forty|fifty|oh \\w{3,5}|fifteen|\\d\\d"
DAY = re.compile(
    r"\b(?P<before>before|(?<!drop )(?<!drops )(?<!pop )(?<!stop )(?<!come )(?<!comes )(?<!swing )(?<!call )(?<!pass )(?<!go )(?<!round )(?<!been )(?<!dropping )(?<!coming )by|until|till|no later than|ahead of)?\s{0,3}(?:the end of )?(?P<every>every |each )?(?:on |this |coming |the ){0,3}"
    rf"(?:(?P<rel>day after tomorrow|day after(?! tomorrow| that| the| my| her| his)|today|tomorrow|tonight)|(?P<ahead>a week|a fortnight) (?:on|from|this|next) (?P<aheadday>{_DAY_NAME})|(?P<weektoday>a week|a fortnight|two weeks) (?:from )?(?P<weekrel>today|tomorrow|now)"
    rf"|(?P<nextday>next )?(?P<weekday>{_DAY_NAME})(?P<week2>,? (?:of )?next week| week\b(?!ly)|,? fortnight)?"
    rf"|(?P<month>{_MONTH})\.? (?:the )?(?P<dom>{_ORDINAL}|\d{{1,2}})(?!\w)|(?P<dom2>{_ORDINAL}|\d{{1,2}}) (?:of )?(?P<month2>{_MONTH})"
    rf"|(?P<eve>christmas eve|christmas day|christmas|new year'?s eve|new year'?s day|boxing day)"
    rf"|(?P<bare>\d{{1,2}}(?:st|nd|rd|th))(?! (?:floor|time|birthday|request|class|grade|street|unit|person|of|day|week))"
    rf"|(?P<next>next |coming |following )?(?P<week>week(?:end)?)(?!s|ly|day|\w)"
    rf"|(?P<how>in|within|over) (?:about |around |the next |the |next ){{0,2}}(?P<in>{_NUMBER}|an?|half an?|couple of|few|hour)(?: and a half)? ?(?P<unit>days?|weeks?|hours?|minutes?|mins?|fortnight|(?<=hour))(?:'s? time| time)?)\b"
)
PART = re.compile(rf"(?<!good )(?<!good)\b(?:in the |this |at )?(?P<part>{'|'.join(PARTS)})s?\b")
CLOCK = re.compile(
    r"\b(?:(?P<how>at|after|before|by|from|between|around|about|till|until) )?(?:"
    rf"(?P<to>half|(?:a )?quarter|five|ten|twenty|twenty[- ]five) ?(?:minutes )?(?P<side>past|to) (?P<base>{_NUMBER})"
    r"|(?P<named>noon|midnight)"
    rf"|(?P<hour>{_NUMBER})(?:[:.](?P<minute>\d\d)(?!\d)| (?P<tens>{_TENS})(?= ?(?:[ap]\.?m|in the|on |tomorrow|this|today|o'?clock)))?\s{{0,3}}"
    r"(?P<half>o'?clock)?\s{0,3}(?P<half_day>a\.?m\b\.?|p\.?m\b\.?)?)"
    rf"(?:\s{{0,3}}(?:to|and|-|till|until)\s{{0,3}}(?:(?P<named2>noon)|(?P<hour2>{_NUMBER})(?:[:.](?P<minute2>\d\d))?)\s{{0,3}}(?:o'?clock)?\s{{0,3}}(?P<half_day2>a\.?m\b\.?|p\.?m\b\.?)?)?(?!\w|[-,.]?\d)"
)
PAST = re.compile(r"\b(?:since|last|was|were|ago|yesterday|until now)\b[^.!?]{0,20}$")
# "who brought my groceries on Tuesday": a verb in the past just before the day.
HAPPENED = re.compile(
    r"\b(?:brought|came|did|went|gave|took|made|told|said|helped|fixed|carried|delivered|cleaned|visited|slipped|fell|lost|saw|tripped|"
    r"drove|sent|left|called|rang|started|stopped|broke|had|did(?:n't| not)|promised|died|blew|froze|burst|paid|hung|bit|quit|bled|spilt|sank|stuck|tore|smelt|ate|woke|spoke|met|ran (?:out|off|away|over|into|dry)|was|were|got (?:stuck|lost|hurt|worse|swallowed|locked)|(?:they|he|she|it|someone|somebody|you) cut|cut (?:our|off)|[a-z]{3,}ed)\b[^.!?,;]{0,40}$"
)
STILL_TO_COME = re.compile(
    r"\b(?:would|could|will|want|need|like|please|can|booked|scheduled|planned|to)\b|'d\b|'ll\b"
)
ASKED_BEFORE = re.compile(
    r"\b(?:what time|when (?:will|does|is|do)|(?:is|are|does|do|did) (?:the|your|there|you|it|they|that|this)|do you)\b[^.!?]{0,40}$"
)
STATED_BEFORE = re.compile(
    r"\b(?:(?:my|our|her|his|their) \w+ (?:visits?|comes?|works?|stays?|calls?)|runs? out|last|enough|usually|always|every night|most|often|until|turn(?:s|ing)?|born|birthday|finish(?:es)?|ends?|closes?|shuts?|it'?s (?:now|already|only|gone|nearly)|said (?:she|he|they|it)'d|opens?|starts? at|work until|storm|news|forecast|except|but not|not|n't|without|apart from|other than|all week|whenever)\b[^.!?;,]{0,24}$"
)
AWAY_AFTER = re.compile(
    r"^[^.!?,;]{0,4}(?:i'?m|we'?re|i am|we are|i have|i'?ve|she'?s|he'?s|nobody|no one|won'?t|doesn'?t|does not|isn'?t|is no good|i can'?t|i can not|is out|suits? me least)\b(?! (?:free|home|in\b|at home|available|got an? app|got the (?:dentist|doctor|hosp)|a hospital|due))"
)
AWAY_BEFORE = re.compile(
    r"\b(?:i'?m|i am|we'?re|we are)(?: \w+)? (?:away|out|off|offshore|busy|abroad|travelling)\b[^.!?,;]{0,12}$|\bcan'?t (?:do|make|manage)\b[^.!?,;]{0,10}$|\bdon'?t come\b[^.!?,;]{0,8}$|^\s?not $|[^a-z]not (?:on )?$|\bout (?:all |on |most of |every )?$"
)
ARRIVAL_BEFORE = re.compile(
    r"\b(?:coming|comes|arrives?|arriving|returns?|back|visiting)\b[^.!?,;]{0,16}$"
)
REQUEST = re.compile(
    r"\b(?:please|could|can|would|need|want|like|come|send|bring|book|pick|suits?|best|free|help|might|may|appointment|cancel|drop|fine|good|works?)\b|'d like"
)
CORRECTION = re.compile(r"\b(?:no|sorry|actually|make it|i mean|rather|instead|wait)\b")
CANCEL = re.compile(r"\b(?:cancel|drop it|call it off|no longer need)\b")
