"""Verification: the numbered steps, pure over evidence that somebody else fetched.

`package` parses what a verifier got, `evidence` holds what the chain said, `policy` what the verifier demands, `steps`
decides, `verdict` adds up.
"""
