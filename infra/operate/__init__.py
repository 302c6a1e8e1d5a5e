"""The operator's commands, each for one deployed stack."""
