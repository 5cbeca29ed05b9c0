"""Speech engines behind one small interface: voice activity, recognition, alignment.

Engines turn sound (and known text) into timed words; which result is used is the speech stages'
business.
"""
