"""What the API owes its callers: accepted jobs, nonces, registered media, in one small database.

A submit inserts a row and answers; the dispatcher turns rows into Dagster runs; a run writes what
became of it into its row. The web framework is not known here: runs import this as well.
"""
