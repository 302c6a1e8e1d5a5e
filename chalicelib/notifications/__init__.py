"""
The mails about a grant: notices, to owner and support, and tickets, to support.

Imports the standard library, and of Hallpass `grants`, `onetime`, `clock` and `errors`. Mails leave
by the port `message.Outbox`, and each is counted there (`message.CountedOutbox`).

Begin with `notifier`, which decides who gets which notice; `notices` and `reminder` have their
texts, `openings` the mail to the sender of a shared secret, `tickets` the mail to support and its
confirmation, `account_notes` what support has to know first. `announcements` says to other systems
what happens. Our mails hold our own words; what others say stands in support's mails only, below a
mark (`quotation`).
"""
