"""When a line is open: for a trial call that shall reach somebody although it is Sunday."""

from datetime import datetime, time, timedelta

from ivr.site import Flow, Site
from ivr.verbs.hours import Hours

_DAYS = 60
"""How far ahead an open day is looked for."""


def timetables(flow: Flow) -> tuple[str, ...]:
    """The timetables that a flow asks."""
    return tuple(dict.fromkeys(step.timetable for step in flow.steps.values() if isinstance(step, Hours)))


def is_open(site: Site, flow: Flow, at: datetime) -> bool:
    """Whether all timetables of the flow are open at this moment."""
    local = site.local(at)
    return all(site.hours[name].is_open(local, site.holidays) for name in timetables(flow))


def next_open(site: Site, flow: Flow, at: datetime) -> datetime | None:
    """The next moment, now included, at which the flow is open; None when it never opens within two months."""
    if is_open(site, flow, at):
        return site.local(at)
    today = site.local(at).date()
    for day in (today + timedelta(days=ahead) for ahead in range(_DAYS)):
        midnight = datetime.combine(day, time.min, site.zone)
        starts = {span.start for name in timetables(flow) for span in site.hours[name].spans(day, site.holidays)}
        for start in sorted(starts):
            moment = midnight + timedelta(minutes=start)
            if moment >= at and is_open(site, flow, moment):
                return moment
    return None
