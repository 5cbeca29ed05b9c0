"""Dagster: assets, checks, jobs, sensors and schedules that decide when a stage is called, and
nothing else.

What a stage does stands in ``media_pipeline.stages``, how an artifact is made and kept in
``media_pipeline.runner`` and ``media_pipeline.store``. Everything here is made by factories from
the declared stages.
"""
