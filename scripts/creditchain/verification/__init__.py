"""Verification: the numbered steps, pure over evidence that somebody else fetched.

`package` and `report_package` parse what a verifier got (`parts` and `delivery` hold what they are made of), `evidence`
holds what the chain said, `policy` what the verifier demands, `verdict` adds up. `steps` decides about a record,
`report` about a report, with a module for each step of its own: `consented` (7), `delivered` (8), `complete` (9),
`retained` (10).
"""
