"""Backends and other libraries side by side in one run; ``convcore bench`` is its face.

comparison   every contender on every task: checked against each other, then timed in turns
    |
    +──> contenders   backends and peers as calls without arguments
    |        +──> peers/   an adapter for each other library
    +──> agreement    a contender that computes something else is not timed
    +──> race         A B C A B C, best and median
    +──> roofline     what the machine could do, measured in the same run
    |
results ──> report (tables), plot (a picture), page (HTML), JSON
"""

from .comparison import Request, compare
from .page import write as write_page
from .peers import PEERS
from .plot import draw
from .report import show
from .results import Comparison, Result

__all__ = ["PEERS", "Comparison", "Request", "Result", "compare", "draw", "show", "write_page"]
