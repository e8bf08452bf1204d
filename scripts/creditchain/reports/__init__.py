"""Reports: assembled from books and batches into what verification takes (docs/format.md, section 7)."""

from creditchain.reports.assemble import Assembled, AssemblyError, LeftOut, LogView, ReportOrder, assemble, plan
from creditchain.reports.delivering import with_delivery
from creditchain.reports.gathering import FolderLibrary, Library, gather_tags

__all__ = [
    "Assembled",
    "AssemblyError",
    "FolderLibrary",
    "LeftOut",
    "Library",
    "LogView",
    "ReportOrder",
    "assemble",
    "gather_tags",
    "plan",
    "with_delivery",
]
