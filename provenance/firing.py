"""How a piece was fired."""

from __future__ import annotations

from dataclasses import dataclass, field

from provenance.canonical import JSONObject, JSONValue
from provenance.limits import LIMITS
from provenance.members import as_object, check_day, check_number, quantity, string, text
from provenance.multilingual import Text, check_text

_TEXTS = ("kiln", "fuel", "atmosphere")


@dataclass(frozen=True, slots=True)
class Firing:
    """The firing: `date` is an ISO day, `peak_celsius` the highest temperature."""

    kiln: Text = field(default_factory=dict)
    fuel: Text = field(default_factory=dict)
    atmosphere: Text = field(default_factory=dict)
    date: str | None = None
    peak_celsius: int | None = None

    def __post_init__(self) -> None:
        for name in _TEXTS:
            check_text(getattr(self, name), f"firing.{name}", LIMITS.kiln)
        if self.date is not None:
            check_day(self.date, "firing.date")
        if self.peak_celsius is not None:
            check_number(self.peak_celsius, "firing.peakTemperature", LIMITS.celsius)

    def to_json(self) -> JSONObject:
        """Return the JSON form; absent facts are left out."""
        facts: JSONObject = {name: dict(getattr(self, name)) for name in _TEXTS if getattr(self, name)}
        if self.date is not None:
            facts["date"] = self.date
        if self.peak_celsius is not None:
            facts["peakTemperature"] = {"value": self.peak_celsius, "unitCode": "CEL"}
        return facts

    @classmethod
    def from_json(cls, value: JSONValue) -> Firing:
        """Read the JSON form; raises `MalformedError`."""
        facts = as_object(value, "firing")
        peak = facts.get("peakTemperature")
        return cls(
            **{name: text(facts, name, "firing.") for name in _TEXTS},
            date=string(facts, "date", "firing."),
            peak_celsius=None if peak is None else quantity(peak, "firing.peakTemperature"),
        )
