"""Every setting, typed and checked before anything starts.

Read in this order, later wins: the defaults below, the TOML file (``--settings``,
``HUYING_SETTINGS`` or ``<home>/huying.toml``), then the environment (``HUYING_PORT``,
``HUYING_HEARING__ENGINE``; two underscores go one table deeper). A secret is never a value:
it is the path of a file (``*_file``), which must exist, be readable and not be empty.
The tables ``[backends.NAME]`` and ``[channels.NAME]`` stay unchecked here; the registries in
`intake.backends` and `intake.channels` check them at start.
"""

from intake.settings.alarm import Contact
from intake.settings.desk import Oidc
from intake.settings.hearing import Deciding
from intake.settings.loader import load, settings_file
from intake.settings.routing import Routing, Rule
from intake.settings.settings import Settings
from intake.settings.table import LOCAL_HOSTS, ROOT, VERSION, Table

__all__ = [
    "LOCAL_HOSTS",
    "ROOT",
    "VERSION",
    "Contact",
    "Deciding",
    "Oidc",
    "Routing",
    "Rule",
    "Settings",
    "Table",
    "load",
    "settings_file",
]
