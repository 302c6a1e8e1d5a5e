"""
One-time secrets: at most one reader opens a secret, and only before it expires.

Begin with `lifecycle` (create, peek, open, acknowledge, burn, revoke, extend), which keeps that
promise with the conditional writes that `model.SecretStore` describes. `model` has the stored item
and its limits, `envelope` the format of links and ciphertext.

The package may import `grants`, `clock` and `errors`, and from outside the standard library only;
`envelope` seals and opens with `cryptography`, which only programs and tests have.
"""
