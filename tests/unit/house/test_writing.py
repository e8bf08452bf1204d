"""Files are written in one way: by home/files.py, which is private, durable, atomic and overwrites nothing unasked."""

from __future__ import annotations

import re
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[3] / "scripts" / "creditchain"

WRITES = re.compile(
    r"write_text\(|write_bytes\(|open\([^)]*\"[wxa]b?\"|os\.(open|replace|rename|link)\(|\.rename\(|tempfile\.mk"
    r"|mkdir\((?!mode)[^)]*parents"
)
#: Files that write on their own, and why that is right.
ALONE = {
    "home/files.py": "it is the one way",
    "home/sealing.py": "overwrites a key in place, to destroy it",
    "chain/devnet.py": "a program's log, appended to by that program",
    "chain/deployments.py": "makes a folder that everybody may read",
    "cli/streams.py": "the null device, in place of an output that has gone",
    "cli/demo.py": "makes the folder that the demonstration is to leave its files in",
    "cli/demo_report.py": "files of the demonstration, in a folder of its own that is thrown away",
    "cli/demo_serving.py": "likewise",
    "cli/demo_tour.py": "likewise",
    "backup/contents.py": "a copy of a database in a file without a name",
    "backup/restoring.py": "files of a folder that is renamed when all are durable",
    "backup/store.py": "stores of other machines; made durable and renamed likewise",
    "batch/making/pipeline.py": "the workspace of a batch",
    "batch/making/finishing.py": "files of the workspace, which is renamed when all are durable",
    "batch/making/worker.py": "files of the workspace, which is renamed when all are durable",
    "batch/making/record_ids.py": "files of the workspace, which is renamed when all are durable",
    "batch/folder/files.py": "files of the workspace, which is renamed when all are durable",
    "batch/folder/tree_file.py": "files of the workspace, which is renamed when all are durable",
    "batch/folder/leaf_list.py": "the workspace of a list of leaves",
    "batch/folder/purging.py": "tries whether the folder can be written, before anything is erased",
    "batch/book/merging.py": "files of the workspace, which is renamed when all are durable",
    "batch/readers/moving.py": "moves an upload, over file systems too, without replacing anything",
    "batch/readers/inbox.py": "moves an upload out of the way",
}


def test_files_are_written_by_the_one_way():
    found = {
        str(path.relative_to(PACKAGE)): [match.group() for match in WRITES.finditer(path.read_text("utf-8"))]
        for path in PACKAGE.rglob("*.py")
    }
    wrong = {name: calls for name, calls in found.items() if calls and name not in ALONE}
    assert wrong == {}, "write with creditchain.home.files, or say in ALONE why not"
