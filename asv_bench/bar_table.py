"""The bars, as data: which rows and operations, against whom, and how many times as fast.

ROWS are the layers that count, by their names in `convcore.testing.LAYERS`. A bar names rows by
patterns. "best" is the fastest peer that was timed, "roofline" the attainable part of the machine.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from convcore.testing import CHOICES

ROWS = (
    "resnet.7x7s2 b8",
    "resnet.3x3 64c56 b8",
    "resnet.3x3 128c28 b8",
    "resnet.3x3 256c14 b8",
    "resnet.3x3 512c7 b8",
    "resnet.3x3s2 128c56 b8",
    "resnet.1x1 64-256 56 b8",
    "resnet.1x1 1024-256 14 b8",
    "resnet.1x1s2 256-512 56 b8",
    "vgg.3x3 64c224 b1",
    "vgg.3x3 256c56 b1",
    "mobilenet.dw3x3 144c56 b8",
    "mobilenet.dw3x3s2 144c56 b8",
    "convnext.dw7x7 96c56 b8",
    "resnext.3x3 g32 128c56 b8",
    "deeplab.3x3d6 256c33 b1",
    "5x5 32-64 28 b32",
    "mnist.3x3 1-32 28 b64",
    "replk.dw31 128c28 b1",
    "image.25x25 1c1024 b1",
    "image.65x65 3-8 512 b1",
    "1d.wave k3 64c16k b4",
    "1d.wav2vec k10s5 1-512 b4",
    "1d.wavenet k2d64 64c16k b1",
    "1d.filterbank k1024 1-64 16k b4",
    "3d.3x3x3 32c16^3 b4",
    "3d.c3d 3-64 16x56x56 b1",
    "tiny 3x3 8c8 b1",
)
# One layer or more of each class of convolution: no bar, but the automatic choice is judged there.
CHOICE_ROWS = tuple(CHOICES)
# Where overlap-add pays: SciPy takes part in these.
LARGE_KERNELS = (
    "image.25x25 1c1024 b1",
    "image.65x65 3-8 512 b1",
    "1d.filterbank k1024 1-64 16k b4",
)

FORWARD, GRAD_INPUT, GRAD_WEIGHT = ("forward",), ("grad_input",), ("grad_weight",)
GRADIENTS = (*GRAD_INPUT, *GRAD_WEIGHT)
ALL = (*FORWARD, *GRADIENTS)

EVERY = ("*",)
# Stride 1, at least 64 channels on both sides.
DENSE_3X3_BUT_512 = (
    *("resnet.3x3 64c*", "resnet.3x3 128c*", "resnet.3x3 256c*"),
    *("vgg.3x3 64c*", "vgg.3x3 256c*"),
)
DENSE_3X3_512 = ("resnet.3x3 512c*",)
DENSE_3X3 = (*DENSE_3X3_BUT_512, *DENSE_3X3_512)
DENSE_64 = (*DENSE_3X3, "resnet.3x3s2*", "resnet.1x1*", "deeplab.*", "1d.wave *", "1d.wavenet*")
POINTWISE_STRIDED_DILATED = (
    *("resnet.1x1*", "resnet.3x3s2*", "1d.wav2vec*"),
    *("deeplab.*", "1d.wavenet*"),
)
DEPTHWISE_3X3, DEPTHWISE_7X7 = ("mobilenet.dw3x3*",), ("convnext.dw7x7*",)
DEPTHWISE_31X31, RESNEXT = ("replk.dw31*",), ("resnext.*",)
DEPTHWISE_SMALL = (*DEPTHWISE_3X3, *DEPTHWISE_7X7)
GROUPED = (*DEPTHWISE_SMALL, *DEPTHWISE_31X31, *RESNEXT)
STRIDED_GRADIENTS = ("resnet.7x7s2*", "resnet.1x1s2*")
IMAGE_25, IMAGE_65 = ("image.25x25*",), ("image.65x65*",)


@dataclass(frozen=True)
class Bar:
    """At least `ratio` times as fast as `against`, on every row and operation named.

    `variant` is appended to the name of our contender.
    """

    rows: tuple[str, ...]
    operations: tuple[str, ...]
    against: str
    ratio: float
    remark: str = ""
    variant: str = ""

    def applies(self, task):
        """Whether a (row, operation) pair is under this bar."""
        row, operation = task
        return operation in self.operations and any(fnmatchcase(row, p) for p in self.rows)


# Direct convolution makes all multiplications of the definition: at the machine's limit.
DIRECT = (
    Bar(EVERY, FORWARD, "torch", 0.95, "every row"),
    Bar(POINTWISE_STRIDED_DILATED, FORWARD, "best", 0.9, "pointwise, strided, dilated"),
    Bar((*DEPTHWISE_SMALL, "resnet.7x7s2*"), FORWARD, "best", 1.0, "depthwise, 7x7 stride 2"),
    Bar(DEPTHWISE_3X3, FORWARD, "torch", 2.5, "depthwise 3x3"),
    Bar(DEPTHWISE_7X7, FORWARD, "torch", 1.5, "depthwise 7x7"),
    Bar(GROUPED, ALL, "torch", 1.0, "depthwise and grouped"),
    Bar(RESNEXT, FORWARD, "torch", 3.0, "32 groups"),
    Bar(RESNEXT, GRAD_WEIGHT, "torch", 5.0, "32 groups"),
    Bar(DEPTHWISE_31X31, FORWARD, "torch", 20.0, "depthwise 31x31"),
    Bar(DEPTHWISE_31X31, FORWARD, "torch-nhwc", 0.8, "depthwise 31x31"),
    Bar(STRIDED_GRADIENTS, GRAD_INPUT, "torch", 2.5, "strided"),
    Bar(EVERY, GRAD_WEIGHT, "torch", 1.0, "every row"),
    Bar(("3d.*",), ALL, "torch", 1.0, "three axes"),
    Bar(("1d.wav2vec*",), FORWARD, "torch", 5.0, "wav2vec 2.0, layer 0"),
    Bar(DENSE_64, ALL, "roofline", 0.8, "dense, at least 64 channels"),
)

# The automatic choice has algorithms that make fewer of them.
AUTOMATIC = (
    Bar(EVERY, ALL, "torch", 0.95, "no row slower"),
    Bar(DENSE_3X3_BUT_512, FORWARD, "torch", 2.0, "dense 3x3"),
    Bar(DENSE_3X3_512, FORWARD, "torch", 1.7, "dense 3x3"),
    Bar(DENSE_3X3, FORWARD, "best", 1.3, "dense 3x3"),
    Bar(DENSE_3X3, FORWARD, "best", 1.5, "dense 3x3, weight prepared", "+prepared"),
    Bar(DENSE_3X3, GRAD_INPUT, "torch", 1.8, "dense 3x3"),
    Bar(DENSE_3X3_BUT_512, GRAD_WEIGHT, "torch", 2.0, "dense 3x3"),
    Bar(DENSE_3X3_512, GRAD_WEIGHT, "torch", 1.2, "dense 3x3"),
    Bar(("5x5*",), FORWARD, "best", 1.7, "at an error of 2e-6"),
    Bar(("5x5*",), FORWARD, "best", 3.0, "with F(4, 5)"),
    Bar(IMAGE_25, FORWARD, "scipy", 8.0, "large kernel"),
    Bar(IMAGE_65, FORWARD, "scipy", 25.0, "large kernel, one oaconvolve for all channel pairs"),
    Bar((*IMAGE_25, *IMAGE_65), GRADIENTS, "torch", 10.0, "large kernel"),
    Bar(("1d.filterbank*",), FORWARD, "best", 8.0, "1024 taps"),
    Bar(DEPTHWISE_31X31, FORWARD, "torch-nhwc", 1.0, "depthwise 31x31"),
    Bar(("3d.3x3x3*",), FORWARD, "torch", 1.5, "three axes"),
    Bar(("1d.wave *",), FORWARD, "best", 1.3, "one axis, 3 taps, 64 channels"),
)

BARS = {"direct": DIRECT, "auto": AUTOMATIC}
# Operation, peer, ratio, and the part of all rows that has to reach it.
FRACTIONS = {"direct": (("forward", "torch", 1.0, 0.75),), "auto": ()}
# Peer, and the geometric mean over all rows and operations; 0 is no bar.
GEOMETRIC_MEANS = {"direct": (("torch", 0.0),), "auto": (("torch", 3.0),)}
# An automatic choice is good where it takes at most 1.15 times as long as the best backend, and
# has to be good on nine tasks out of ten.
GOOD_CHOICE, GOOD_CHOICES = 1.15, 0.9
# The rate in float64 has to be this part of that in float32.
DOUBLE_RATE = 0.45
