"""``/v1/video/caption``: the contract of a public captioning service, so that its clients need only
another address. ``models`` is what goes in and out, ``envelope`` what every answer is wrapped in,
``desk`` what is done, ``routes`` where it is asked for.
"""
