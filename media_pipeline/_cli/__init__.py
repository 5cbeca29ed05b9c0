"""The commands of ``media-pipeline``, one module per group.

A command reads its arguments, calls the runner or Dagster, and prints. Results go to stdout,
everything else to stderr. Heavy imports stand inside the functions, so that ``--help`` answers at
once.
"""
