"""Tests, mirroring the package module by module; ``generators`` makes media with known truth."""
