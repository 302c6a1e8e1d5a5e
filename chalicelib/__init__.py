"""
Hallpass: a WordPress administrator account that removes itself.

* `grants`: the story of one temporary access to one site. Begin with its docstring.
* `onetime`: one-time secrets, which one reader opens once.
* `notifications`: the mails about a grant, and tickets.
* `wordpress`: the adapter to a site's REST API, over `outbound`, the guarded HTTP client.
* `aws`: the adapters to DynamoDB, KMS, SES, SQS, EventBridge and CloudWatch.
* `web`: the HTTP edge, from a request's JSON to the answer's.
* `wiring`: joins all of them; the only module that knows every other.
* `rate_limits`: how often one network, site or mailbox may be counted.
* `settings`, `clock`, `site_problems`, `errors`: what several of them share.
* `values`, `patterns`: dataclasses and regular expressions of the standard library, made when they
  are first used. Every package may import these two, besides those that its docstring names.

Imports point one way, in the order that `pyproject.toml` declares and import-linter checks.
"""

__version__ = "0.1.0"
