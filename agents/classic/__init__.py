"""Published experiments of the field, rerun: the group "classic" is Sutton & Barto (2018)."""
