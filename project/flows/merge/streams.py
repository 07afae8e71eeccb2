"""The stream of this flow: one group, ``merge-groups``, with an item per merge."""

from pydantic import BaseModel

from streams import Stream

GROUP = "merge-groups"


class Merge(BaseModel):
    """How far a merge is. startedAt: milliseconds since 1970."""

    startedAt: int
    totalSteps: int
    completedSteps: int


parallel_merge = Stream("parallelMerge", schema=Merge, public=True, description="Merges and how far they are.")
