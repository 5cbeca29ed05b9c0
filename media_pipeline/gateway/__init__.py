"""The HTTP door: requests become rows of a table, rows become Dagster runs, runs become answers.

``ice/`` speaks the wire contract of Alibaba Cloud Intelligent Media Services; another contract
stands beside it as another folder. Nothing is processed here, and Dagster is reached over GraphQL
only.
"""
