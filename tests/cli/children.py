"""What the child processes of these tests run before anything else."""

from __future__ import annotations

# A shell that runs the tests in the background makes them ignore Ctrl-C, and a child inherits that.
LISTEN = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
