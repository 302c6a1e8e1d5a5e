"""
One Time Secret's API as its clients use it: exact cases, key vectors and published clients.

`cases.json` and `vectors.json` are data; `cases.py` plays a case against any transport.
"""
