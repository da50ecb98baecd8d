"""What a roster is and what can be asked of it. Pure: no I/O, no clock, no terminal."""
