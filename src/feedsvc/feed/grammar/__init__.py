"""Is a document what its standard says it must be, whoever made it? bytes -> Findings, one for each breach.

`verify` (one floor up) asks whether a document says what the store says; here nothing is known but the bytes.
"""
