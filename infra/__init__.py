"""Build, deploy and run: nothing here ships in the zip."""
