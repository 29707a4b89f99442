"""Which lists an event names: asked for anew when the text changes, kept over a restart."""

from platewire.access import ListMatch
from platewire.model import Event, ListHit
from tests.camera.intaking import Road
from tests.outputs.relay.relay_world import FakeLists

STAFF = ListHit("staff", "exact", "allow", "KRA 48PT")
WATCHED = ListHit("seen", "one_edit", "watch", "KRA 48P7")


class Asked(FakeLists):
    """Knows each plate's own lists; remembers what it was asked."""

    def __init__(self, road: Road, **by_plate: list[ListMatch]) -> None:
        super().__init__(road.clock)
        self.by_plate = by_plate
        self.asked: list[str] = []

    async def look_up(self, plate: str, *place: object, partial: bool = False) -> list[ListMatch]:
        self.asked.append(plate)
        self._check("look_up")
        return self.by_plate.get(plate, [])


def road_with(**by_plate: list[ListMatch]) -> tuple[Road, Asked]:
    road = Road()
    road.lists = lists = Asked(road, **by_plate)
    return road, lists


def hits(events: list[Event]) -> list[list[str]]:
    return [[hit.name for hit in event.lists] for event in events]


async def test_every_event_of_a_passage_names_its_lists_and_they_are_asked_once() -> None:
    elsewhere = ListMatch(ListHit("yard", "exact", "allow", "KRA 48PT"), "it holds for the yard")
    road, lists = road_with(KRA48PT=[ListMatch(STAFF), ListMatch(WATCHED), elsewhere])
    async with road.run():
        await road.see("KRA48PT", times=4)
        await road.clock.advance(7)
        events = await road.ended()
    assert hits(events) == [["staff", "seen"]] * len(events)
    assert events[0].lists == (STAFF, WATCHED)
    assert lists.asked == ["KRA48PT"]
    assert all("lists" not in event.changed for event in events)


async def test_a_corrected_text_is_asked_for_again_and_the_change_is_named() -> None:
    road, lists = road_with(KRA48P7=[ListMatch(WATCHED)], KRA48PT=[ListMatch(STAFF)])
    async with road.run():
        await road.see("KRA48P7", times=2)
        await road.see("KRA48PT", times=8)
        await road.clock.advance(7)
        events = await road.ended()
    assert lists.asked == ["KRA48P7", "KRA48PT"]
    corrected = next(event for event in events if "lists" in event.changed)
    assert "plate.text" in corrected.changed
    assert hits(events)[0] == ["seen"]
    assert hits(events)[-1] == ["staff"]
    assert {event.withdrawn for event in events if event.seq < corrected.seq} == {()}
    assert {event.withdrawn for event in events if event.seq >= corrected.seq} == {("seen",)}


async def test_lists_are_remembered_over_a_restart() -> None:
    road, lists = road_with(KRA48PT=[ListMatch(STAFF)])
    async with road.run():
        await road.see("KRA48PT", times=3)
        await road.logged(1)
    lists.by_plate = {}
    async with road.run():
        await road.clock.advance(7)
        events = await road.ended()
    assert hits(events)[-1] == ["staff"]
    assert lists.asked == ["KRA48PT"]


async def test_an_event_does_not_wait_for_lists_that_cannot_be_read() -> None:
    road, lists = road_with(KRA48PT=[ListMatch(STAFF)])
    lists.broken = "look_up"
    async with road.run():
        await road.see("KRA48PT", times=3)
        (event,) = await road.logged(1)
    assert event.lists == ()
    assert 'camera "gate": lists.db' in road.line.last_error
    assert "the event was stored without list matches" in road.line.last_error


async def test_what_was_withdrawn_is_remembered_over_a_restart() -> None:
    road, _ = road_with(KRA48P7=[ListMatch(WATCHED)])
    async with road.run():
        await road.see("KRA48P7", times=2)
        await road.see("KRA48PT", times=8)
        await road.logged(2)
    async with road.run():
        await road.clock.advance(7)
        events = await road.ended()
    assert [event.withdrawn for event in events] == [(), *[("seen",)] * (len(events) - 1)]


async def test_a_list_that_holds_again_is_not_withdrawn() -> None:
    road, _ = road_with(KRA48PT=[ListMatch(STAFF)])
    async with road.run():
        await road.see("KRA48PT", times=2)
        await road.see("KRA48P7", times=8)
        await road.see("KRA48PT", times=30)
        await road.clock.advance(7)
        events = await road.ended()
    assert events[0].withdrawn == events[-1].withdrawn == ()
    assert ("staff",) in {event.withdrawn for event in events}
    assert hits(events)[-1] == ["staff"]


async def test_unreadable_lists_withdraw_nothing_and_are_read_again() -> None:
    road, lists = road_with(KRA48P7=[ListMatch(WATCHED)], KRA48PT=[ListMatch(STAFF)])
    async with road.run():
        await road.see("KRA48P7", times=2)
        await road.logged(1)
        lists.broken = "look_up"
        await road.see("KRA48PT", times=8)
        corrected = (await road.logged(2))[1]
        lists.broken = ""
        await road.clock.advance(7)
        events = await road.ended()
    assert (corrected.lists, corrected.withdrawn) == ((), ())
    assert hits(events)[-1] == ["staff"]
    assert events[-1].withdrawn == ("seen",)


async def test_what_is_withdrawn_late_is_named_as_a_change() -> None:
    """An output with `changes` is to hear of it."""
    road, lists = road_with(KRA48P7=[ListMatch(WATCHED)])
    async with road.run():
        await road.see("KRA48P7", times=2)
        await road.logged(1)
        lists.broken = "look_up"
        await road.see("KRA48PT", times=8)
        await road.logged(2)
        lists.broken = ""
        await road.clock.advance(7)
        events = await road.ended()
    assert (events[-1].lists, events[-1].withdrawn) == ((), ("seen",))
    assert "lists" in events[-1].changed
