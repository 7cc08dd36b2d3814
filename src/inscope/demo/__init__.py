"""The demo: three real servers are asked, under load, who their users are.

``cli`` runs it; ``processes`` starts ``servers``, whose handlers are in
``layers`` and whose four ways of knowing the user are in ``identity``; ``load``
asks and checks, ``report`` and ``picture`` show what came out.
"""
