"""Data sets: building them from raw motion capture, reading, checking and counting them."""
