"""Sentences whose truth geometry can decide, and predicates that decide it."""
