"""One search from a recipe to a trained network on the disk: where the rooms below meet."""
