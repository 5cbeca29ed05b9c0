"""FaceBeauty: the skin of faces smoother and lighter, and nothing else changed.

``skin`` says which pixels are skin, ``retouch`` changes one face in one picture.
"""
