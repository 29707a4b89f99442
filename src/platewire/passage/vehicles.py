"""Vehicle attributes of a passage: weighted vote per attribute over its reads.

As with texts, sums are stored and not reads. A model counts for the make it was read with, so that
the result never combines the model of one make with another make.
"""

from collections.abc import Mapping

from msgspec import Struct, field

from platewire.model import Attribute, Vehicle

VALUES_MAX = 8
"""Distinct values kept of one property; beyond it the lightest is forgotten."""
_OF = "\x1f"


class Weight(Struct, array_like=True):
    weight: float = 0.0
    surest: float = 0.0


Values = dict[str, Weight]


class VehicleBallot(Struct, array_like=True):
    """The votes on one vehicle; models are stored as `make<US>model`."""

    make: Values = field(default_factory=dict)
    model: Values = field(default_factory=dict)
    type: Values = field(default_factory=dict)
    color: Values = field(default_factory=dict)

    def add(self, vehicle: Vehicle) -> None:
        _count(self.make, vehicle.make)
        _count(self.type, vehicle.type)
        _count(self.color, vehicle.color)
        if vehicle.model is not None:
            make = vehicle.make.value if vehicle.make else ""
            _count(
                self.model, Attribute(make + _OF + vehicle.model.value, vehicle.model.confidence)
            )

    def join(self, other: "VehicleBallot") -> None:
        """Adds the votes of another ballot on the same vehicle."""
        for name in self.__struct_fields__:
            _add(getattr(self, name), getattr(other, name))

    def models_of(self, make: str | None) -> Values:
        """The models read with this make, or without any."""
        found: Values = {}
        for name, votes in self.model.items():
            of, _, model = name.partition(_OF)
            if of in (make, ""):
                before = found.get(model, Weight())
                found[model] = Weight(
                    before.weight + votes.weight, max(before.surest, votes.surest)
                )
        return found


def winner(values: Mapping[str, Weight]) -> str | None:
    """The heaviest value; None where nothing was said."""
    return max(values, key=lambda name: (round(values[name].weight, 6), name), default=None)


def attribute(values: Mapping[str, Weight], value: str | None) -> Attribute | None:
    """The value with its confidence: the surest read's, times the share of the votes it has."""
    if value is None or value not in values:
        return None
    total = sum(each.weight for each in values.values())
    share = values[value].weight / total if total else 0.0
    return Attribute(value, round(values[value].surest * share, 4))


def _count(values: Values, attribute: Attribute | None) -> None:
    if attribute is None:
        return
    _add(values, {attribute.value: Weight(attribute.confidence, attribute.confidence)})


def _add(values: Values, votes: Mapping[str, Weight]) -> None:
    for value, weight in votes.items():
        kept = values.setdefault(value, Weight())
        kept.weight += weight.weight
        kept.surest = max(kept.surest, weight.surest)
        if len(values) > VALUES_MAX:
            others = (name for name in values if name != value)
            del values[min(others, key=lambda name: (values[name].weight, name))]
