"""For developers, not part of the package: benchmarks, compiling the contracts, the steps of the Brownie scripts."""
