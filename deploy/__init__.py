"""More than one machine: settings, images, and a set-up to try on one (README.md)."""
