"""Data made ready for training: decoded once, split, kept on the disk, checked."""
