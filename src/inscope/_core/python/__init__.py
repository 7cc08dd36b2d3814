"""The hot parts in Python: the readable reference, and what runs without a compiler.

A file here is the twin of the C file of the same name. What is not hot is
written once, in ``_core``, and builds on either.
"""
