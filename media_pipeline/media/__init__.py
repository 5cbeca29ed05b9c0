"""Ground floor: files of picture and sound.

Probing and decoding through PyAV, encoding and filtering through the ffmpeg binary of
``imageio-ffmpeg``, fonts, timecodes and boxes. Nothing here knows what a caption, a stage or the
lake is.
"""
