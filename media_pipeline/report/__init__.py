"""Results made visible: pictures of cues, words and scores, the HTML report, tables for notebooks.

Everything here reads finished artifacts and returns bytes, text or data frames; nothing here
computes a result.
"""
