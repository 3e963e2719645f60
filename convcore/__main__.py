"""``python -m convcore``: the same as the console script ``convcore``."""

from .cli import main

if __name__ == "__main__":
    raise SystemExit(main())
