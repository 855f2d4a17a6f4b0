"""How good a model is: sentences judged by geometry (``probes``), and clips that were held back (``held_out``)."""
