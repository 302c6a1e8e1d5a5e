"""What MiniStack lacks and Hallpass needs, one module each.

Six patches change MiniStack itself, so they run inside its own process, started by
`emulator` instead of MiniStack's own main:

* `reply_to`: the reply addresses of a mail;
* `log_tail`: the whole log of a function, together with its answer;
* `batch_actions`: the action that a policy allows for a batch of messages;
* `queue_workers`: workers for a queue, as many as a parameter says;
* `condition_keys`: what policies ask about a call to KMS, SES and DynamoDB;
* `unpacked_once`: one directory for all processes of a zip.

Two make good through the ordinary AWS API what MiniStack's CloudFormation leaves out of
the template; infra/local/stack.py applies them after each deployment:

* `time_to_live`: deletion of expired items from tables;
* `gateway_responses`: what API Gateway answers by itself.

Each module names the missing behaviour and the function of MiniStack that lacks it.
tests/stack/test_patches.py starts MiniStack without them and asks for the same things.
It fails, and names the module to delete, as soon as MiniStack does one of them itself.

Nothing is imported here: .venv-aws, where the first six run, has none of our packages.
"""
