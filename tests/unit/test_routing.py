from intake.catalogue.routing import choose_backend
from intake.settings import Rule

RULES = [
    Rule(backend="clinic", category=["health_check", "medication"], urgency=["urgent"]),
    Rule(backend="office", category=["property_mgmt"], area=["G01", "G02"]),
    Rule(backend="night", urgency=["urgent"]),
]


def route(category: str | None, area: str | None, urgency: str = "normal") -> str:
    return choose_backend(RULES, "station", category=category, area=area, urgency=urgency)


def test_the_first_rule_whose_every_condition_holds_wins() -> None:
    assert route("medication", "G01", "urgent") == "clinic"
    assert route("meal", "G01", "urgent") == "night"
    assert route("property_mgmt", "G02") == "office"


def test_no_rule_means_the_default() -> None:
    assert route("property_mgmt", "G09") == "station"
    assert route("property_mgmt", None) == "station"
    assert route(None, None) == "station"
