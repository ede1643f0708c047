"""Schedules of robfig/cron 3.0.1: five or six fields, descriptors, `@every`, zones.

    schedule = compile_schedule("0 9 * * MON-FRI", timezone="Europe/Berlin")
    due_us = schedule.next_us(now_us)

Pure: the time is an argument; only the zones' rules come from the system. Compiling is linear in the text, and a search
looks at five years at most (a few thousand steps).
"""

from events.languages.cron.fields import CronError
from events.languages.cron.parse import Fields, compile_schedule
from events.languages.cron.schedule import Schedule

__all__ = ["CronError", "Fields", "Schedule", "compile_schedule"]
