"""How fast Hallpass is, beside what is physically possible. `make bench` runs `__main__`."""
