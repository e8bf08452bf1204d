"""Reports: assembled from books and batches into what verification takes (docs/format.md, section 7)."""

from creditchain.reports.assemble import (
    Assembled,
    AssemblyError,
    LeftOut,
    LogView,
    ReportOrder,
    assemble,
    assemble_part,
    missing_here,
    neighbours,
    plan,
    without_nodes,
)
from creditchain.reports.delivering import with_delivery
from creditchain.reports.gathering import FolderLibrary, Library, gather_tags
from creditchain.reports.shared_library import SharedLibrary

__all__ = [
    "Assembled",
    "AssemblyError",
    "FolderLibrary",
    "LeftOut",
    "Library",
    "LogView",
    "ReportOrder",
    "SharedLibrary",
    "assemble",
    "assemble_part",
    "gather_tags",
    "missing_here",
    "neighbours",
    "plan",
    "with_delivery",
    "without_nodes",
]
