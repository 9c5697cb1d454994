"""`ansae validate`: compare a catalogue with known bars."""
