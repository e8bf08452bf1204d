"""State of a chain that is proven from a block's hash alone (docs/format.md section 9). No I/O."""
