"""The place of the gazetteer that a text names: exactly, by an alias, in pinyin or by its sound."""

from intake.understanding.place.choice import PASSING, read_place
from intake.understanding.place.mention import Mention
from intake.understanding.place.mentions import find_places, spelled_places
from intake.understanding.place.words import OTHERS_AFTER

__all__ = ["OTHERS_AFTER", "PASSING", "Mention", "find_places", "read_place", "spelled_places"]
