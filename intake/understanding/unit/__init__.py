"""The home: building, unit (stairway) and room, or a street number.

"三号楼二单元五零一" is "3-2-501".
"""

from intake.understanding.unit.apart import Setting
from intake.understanding.unit.choice import joined, read_unit
from intake.understanding.unit.continued import continued, continued_field, room_alone
from intake.understanding.unit.digits import room_digits
from intake.understanding.unit.mentions import find_units
from intake.understanding.unit.pieces import Mention

__all__ = [
    "Mention",
    "Setting",
    "continued",
    "continued_field",
    "find_units",
    "joined",
    "read_unit",
    "room_alone",
    "room_digits",
]
