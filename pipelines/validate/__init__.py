"""`ansae validate`: a catalogue compared with published truth."""
