"""
HTTP to addresses that strangers type, safe from server-side request forgery (SSRF).

Whoever calls a site goes through `client.Outbound`. It knows neither WordPress nor grants: it
sends one request to a public https address, within the time and size that it was given, and
returns the response.

* `client`: one guarded call, and what is guaranteed of it. Begin reading here.
* `urls`: what a person meant by an address, and whether it may be called, from its text alone.
* `connections`: sockets that reach public addresses only, and end when the time is up.

May import: `clock`, `site_problems`, `errors`, and `requests` with urllib3. `client` imports those
two at its first call only, because they cost every cold start 0.1 s and most requests call no site.
"""
