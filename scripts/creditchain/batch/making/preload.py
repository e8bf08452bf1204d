"""Imported by the process that workers are forked from: everything a worker needs is loaded, the kernel too."""

import creditchain.batch.making.worker  # noqa: F401 - importing it is the purpose
from creditchain.merkle import lanes

lanes.load_fastest()
