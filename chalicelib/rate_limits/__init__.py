"""
How often one network may ask, one site may refuse a key, and one mailbox may be written to.

Hits are counted in fixed windows in DynamoDB, so the count holds across all Lambdas. The limits are
for people: a person who mistypes for ten minutes stays below them. None of them may serve to lock
others out, so

* a request counts against the network it comes from, before anything of it is read;
* a key counts against the host that it is sent to, whatever addresses redirect there, and only if
  the site refuses it: first for the network that sent it, then for all networks together;
* whoever has a good token of a grant has a budget for that grant, which strangers cannot use up;
* a mail counts against its mailbox, where it is sent.

A network is the address that CloudFront or the gateway saw, never a header that the caller wrote.
Of IPv6 it is the /64, because one household has 2^64 addresses, and with limits of their own the
/56 and the /48 that hold it. The counters hold no e-mail address, and purge themselves.

What is cheap and frequent is counted in steps of each process (`steps`), so a limit lets through up
to one step more for each Lambda that serves the same network.

A window's end lets through up to twice its hits in a short time. The gateway's own throttle limits
many networks together.

Imports `clock`, `errors` and the standard library. Begin with `limits`; `bounds` has the
numbers, and `subjects` says what counts as one network, one host and one mailbox.
"""
