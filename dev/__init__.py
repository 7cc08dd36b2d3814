"""What ``./run`` does: a module for each concern, the standard library only.

``run``, beside this folder, is the door; it names the commands and calls them.
"""
