"""Streams that the lab's steps write to."""

from streams import Stream

tally = Stream("labTally", public=True)
notes = Stream("labNotes", public=True)
