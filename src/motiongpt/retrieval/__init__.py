"""Motions and sentences in one space: how well one fits the other, and search in folders of motion."""
