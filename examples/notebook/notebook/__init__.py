"""A notebook for many people: a website in Flask, a feed of it in Quart.

``website`` and ``feed`` make the two applications; both read ``settings`` and
use the models of ``models``. Nothing here knows of inscope.
"""
