"""What the tests of the command line share with those of the benchmark."""

from benching import fake_peers  # noqa: F401
