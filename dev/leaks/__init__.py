"""``./run leaks``: what the native core loses, breaks or races for.

``command.py`` prints the table. A check of its own each: ``references.py`` (with the
plugin ``counting.py`` and its rule ``settling.py``), ``sanitizers.py``, ``races.py``.
"""
