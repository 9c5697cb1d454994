"""Published algorithms, transcribed literally."""
