"""Timed text: the cue and word model, subtitle files in and out, scripts, wrapping, subtitle rules,
ASS styling.

Nothing here opens a video or knows where a text was read.
"""
