"""Moving files: originals in, with limits, and results out, verified."""
