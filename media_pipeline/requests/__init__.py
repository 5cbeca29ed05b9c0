"""What callers are owed: accepted jobs, nonces, registered media, in one small database.

A submit inserts a row and answers; the gateway's dispatcher turns rows into Dagster runs; a run
writes what became of it into its row. So this lies below both, and knows neither of them.
"""
