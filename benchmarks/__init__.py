"""inscope beside its rivals, in one run: ``./run bench``.

``__main__`` reads the arguments, ``run`` goes through the groups of rows:
``attributes``, ``operations`` and ``sources`` (proxies), ``variables`` and
``binding``, ``scopes`` and ``requests``, ``storage`` and ``growth``, ``memory``,
``flask_page``. The rivals are
in ``contestants``, how they are timed in ``timing``; what comes out of a run is
kept by ``results`` and shown by ``tables``, ``page``, ``picture`` and ``readme``.
"""
