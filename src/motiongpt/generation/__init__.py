"""A sentence becomes a motion, one file a stage."""
