"""One event as a line of text."""

from datetime import datetime, tzinfo

from platewire.model import Event
from platewire.runtime.site_time import print_time


def line_of(event: Event, moment: datetime, zone: tzinfo) -> str:
    """The event beside one of its times, as the site's clock shows it."""
    plate = event.plate
    time = print_time(moment, zone, timespec="milliseconds")
    return (
        f"{time}  {event.camera}  {event.kind:<8}{plate.text:<10} {plate.country or '--'}  "
        f"{plate.confidence:.2f}  {'partial ' * plate.partial}{event.direction:<8} "
        f"{', '.join(event.changed)}"
    ).rstrip()
