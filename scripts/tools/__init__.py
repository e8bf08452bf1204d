"""For developers: benchmarks, compiling the contracts, what the Brownie scripts run. Not part of the package."""
