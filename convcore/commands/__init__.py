"""The subcommands: a module each, with `add_parser(subparsers)` and `run(args)`.

`add_parser` describes the command and its arguments; `run` does the work and returns the exit
status. A module imports what its work needs inside `run`, so that ``--help`` stays quick.
"""

from . import bench, check, demo, explain, info, new_backend

COMMANDS = (info, explain, check, new_backend, bench, demo)
