"""Verification: the numbered steps, as pure functions of evidence that was fetched elsewhere.

`evidence` holds what the chain said, `policy` what the verifier demands, `verdict` the outcome of the steps. `steps`
decides about a record, `report` about a report. Steps that only reports have are modules of their own: `consented`
(7), `delivered` (8), `complete` (9), `retained` (10). `creditchain.packages` parses the packages.
"""
