"""How many requests a process answers at once, and how many of them may be slow.

Polls are quick and never wait for anything; whatever goes to Flask may wait for a database, a disk or a slow client.
Each kind of waiting has so many places and no more, so that some threads are always left for polls. More threads would
answer polls more slowly, since all of them want the interpreter (bench/serving.py).
"""

BEHIND = 28
"""Requests that are not polls; who comes later is told to come again in a moment."""

CARRYING = 16
"""Those of them that carry a body, which granian lets only its own thread read."""

THREADS = 32
"""For these, and for telling so. In a server that calls for everything by WSGI they are all there is."""

POLLING = 4
"""Threads for polls in a server that hands all else to others (feedsvc.cli.direct)."""

READING = 12
DROPPING = 4
"""Bodies that are read, or dropped, at once: a client that stalls holds a thread for as long as it likes."""

WAITING = 4
"""Requests that wait for what becomes of an article (`Prefer: wait`)."""
