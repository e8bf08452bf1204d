"""Reports: assembled from batch folders into what verification takes (docs/format.md, section 7)."""

from creditchain.reports.assemble import Assembled, AssemblyError, LeftOut, Order, assemble, plan

__all__ = ["Assembled", "AssemblyError", "LeftOut", "Order", "assemble", "plan"]
