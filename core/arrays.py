"""Names for the arrays' types. Letters at the end of a name tell the axes: S states, A actions, K outcomes,
B batch, T time, N seeds."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
States = npt.NDArray[np.int32]
Keys = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]
Pixels = npt.NDArray[np.uint8]

#: An index; unsigned in hot loops, where one that may be negative costs a check.
Row = int | np.uint64
