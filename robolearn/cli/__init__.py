"""The command line; each command lives in a file of its own."""
