"""An event in a few words, for receivers that show people a line of text."""

from collections.abc import Iterator

from platewire.model import Direction, Event


def what_happened(event: Event) -> Iterator[str]:
    """Its kind, after `test` and `replayed` where it is that."""
    if event.test:
        yield "test"
    if event.replayed:
        yield "replayed"
    yield event.kind.value


def what_is_known(event: Event) -> Iterator[str]:
    """Country, direction, looks and lists, as far as they are known."""
    if event.plate.country:
        yield event.plate.country
    if event.direction is not Direction.UNKNOWN:
        yield event.direction.value
    vehicle = event.vehicle
    known = (vehicle.color, vehicle.make, vehicle.model, vehicle.type)
    if looks := " ".join(each.value for each in known if each):
        yield looks
    for hit in event.lists:
        yield f"list {hit.name}"
