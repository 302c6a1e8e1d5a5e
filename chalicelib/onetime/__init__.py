"""
One-time secrets: at most one reader opens a secret, and only before it expires.

Begin with `lifecycle` (create, peek, open, acknowledge, burn, revoke, extend), which keeps that
promise with the conditional writes that `model.SecretStore` describes. `model` has the stored item
and its limits, `envelope` the format of links and ciphertext, `aes_gcm` the cipher. What follows
when the opener has the secret is in `acknowledging`; `grant_view` shows a grant with its link.

`shared` has the semantics of One Time Secret for a secret that belongs to no grant: its keys are
in `shared_keys`, what its sender learns in `receipts`, who may share in `accounts`.

The package may import `grants`, `clock` and `errors`, and from outside the standard library only.
"""
