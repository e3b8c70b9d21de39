"""What people look at: windows, keys, recordings, the gallery."""
