"""Reports: assembled from batch folders into what verification takes (docs/format.md, section 7)."""

from creditchain.reports.assemble import Assembled, AssemblyError, LeftOut, ReportOrder, assemble, plan
from creditchain.reports.delivering import with_delivery
from creditchain.reports.gathering import find_folders, gather_tags, open_folders

__all__ = [
    "Assembled",
    "AssemblyError",
    "LeftOut",
    "ReportOrder",
    "assemble",
    "find_folders",
    "gather_tags",
    "open_folders",
    "plan",
    "with_delivery",
]
