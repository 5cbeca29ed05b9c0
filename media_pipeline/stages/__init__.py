"""What the product does, one module or folder per stage.

A stage is a pure function from (media, parameters) to an artifact. It gets paths, arrays, tables,
its ``Params`` and a progress callback; it never reads settings, the network or the lake, and never
imports dagster or fastapi. :mod:`media_pipeline.stages.registry` lists the stages in the order in
which data flows down.
"""
