"""The production functions under their ICE names: their JobParams, and the work on one film.

The command's ``run`` and the request runs call the same functions. A function gets a folder to
write into; where its files go from there is the caller's business.
"""
