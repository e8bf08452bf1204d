"""Checkpoints: what a region's signers say of its log and state at a final block (docs/format.md, 6 and 7). No I/O."""
