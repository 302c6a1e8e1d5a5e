"""
The operator's commands, one module each: `make doctor`, `status`, `destroy`, `grants`, `tokens`.

They use the usual AWS credentials. None of them can open a secret or a key: what they read of a
grant holds both only sealed, and none of it is printed.
"""
