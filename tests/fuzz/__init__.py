"""Random calls, each held to the definition: `python tests/fuzz --help`.

problems    what is convolved: extents, strides, padding, written in every way that is allowed
values      operands with every kind of number in them
layouts     the same array, laid out in threads     the same calls on several threads
memory in many ways
oracle      the definition, in wider arithmetic than what it judges
truths      what each function should return, and how far from it a result may be
judge       a result held against that
trial       one problem with its operands, and the truth about it
call        one call of it: options, layouts, `out`, and what may be refused
entries     the functions that are called
mistakes    arguments that have to be refused
rounds      one problem, called in several ways
threads     the same calls on several threads
memory      the resident size while shapes come and go
command     the command line

Nothing of this is taken from convcore: not its geometry, its oracle, its bounds.
"""
