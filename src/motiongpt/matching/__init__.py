"""Motions and sentences in one space: how well one fits the other."""
