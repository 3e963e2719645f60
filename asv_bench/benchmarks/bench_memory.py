"""Memory: the peak of a process that makes one call, and the workspace that backends state."""

from .common import BACKENDS, BRIEF, OPERATIONS, bind, prepared


class Peak:
    """The peak holds the interpreter, the operands and the result too: compare, do not add."""

    params = (BACKENDS, BRIEF, OPERATIONS)
    param_names = ("backend", "problem", "operation")
    version = "1"

    def setup(self, backend, problem, operation):
        _, self.method, self.operands, self.result = prepared(backend, problem, operation)

    def peakmem_call(self, backend, problem, operation):
        self.method(*self.operands, out=self.result)


class Workspace:
    params = (BACKENDS, BRIEF, OPERATIONS)
    param_names = ("backend", "problem", "operation")
    version = "1"
    unit = "bytes"

    def setup(self, backend, problem, operation):
        self.plan = bind(backend, problem, operation)

    def track_workspace_bytes(self, backend, problem, operation):
        return self.plan.workspace_bytes(operation)
