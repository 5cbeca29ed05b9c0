"""Text recognition engines behind one small interface, one module each.

Engines turn pictures into text and boxes; when to call them is the caption stage's business.
"""
