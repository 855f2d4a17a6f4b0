"""More training clips out of real ones, with captions that their geometry bears out."""
