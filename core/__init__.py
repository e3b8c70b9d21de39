"""The ground floor: randomness, finite MDPs, exact planning, and the lab (`daedalus.core.lab`)."""

if not __name__.startswith("daedalus."):
    raise ImportError("import daedalus.core, not core")
