"""Data sets of this floor: made here without end, carried by a package, or fetched with a checksum."""
