"""The hot parts in C, for the names that ``_core/python`` has in Python.

README.md is the map. ``_native`` is the extension; ``proxy.py`` gives it what
is not hot and stays in Python.
"""
