"""What this floor announces: nothing yet."""

from daedalus.core.catalogue import Entry

CATALOGUE: tuple[Entry, ...] = ()
