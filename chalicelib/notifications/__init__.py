"""
What people and systems are told about a grant: notices and tickets.

Imports the standard library, and of Hallpass `grants`, `onetime`, `clock` and `errors`. Mails leave
by the port `message.Outbox`.

Begin with `notifier`, which decides who gets which notice; `notices` has their texts, `tickets` the
mail to support and its confirmation.
"""
