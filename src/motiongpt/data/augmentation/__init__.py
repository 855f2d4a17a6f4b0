"""Data augmentation: more training clips made from recorded ones, with captions that their geometry confirms."""
