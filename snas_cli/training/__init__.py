"""From a genome and pictures to a trained network and its scores. Torch lives here."""
