"""A pet shelter: a request that answers at once, and background work that tells how it goes, all into one stream."""
