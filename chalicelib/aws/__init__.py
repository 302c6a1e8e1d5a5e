"""
Adapters to AWS, each named for the service or the table that it uses.

Begin with `dynamodb`, which shows how a conditional write keeps a promise; the `…_table` modules
build on it. `kms` seals consent and removal keys, `ses` sends mails, `sqs` carries ids of grants
to workers, `event_bus` puts announcements on EventBridge and `metrics` reports limits. Each class
implements a port of the package that needs it, and its docstring names that port.

The package may import every story package (`grants`, `onetime`, `notifications`, `rate_limits`),
`clock` and `errors`, but neither `wordpress` nor `web`; from outside boto3, botocore and
Powertools. A client is an argument: `wiring` makes them, and nothing is made at import.
"""
