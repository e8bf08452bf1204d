"""Coverage of the contracts by their Brownie tests.

Brownie's own measures nothing here: it compares deployed code with the artifact, and immutables make these differ. So
each statement and each outcome of a condition gets a *probe*, a call that Anvil prints (`console.log`) wherever it
happens: in transactions, calls, constructors, and in what is reverted. The tests then run once more, against contracts
with probes. These are compiled with the same settings; only gas and size differ from the real ones.

`probes` puts probes into sources, `project` makes a Brownie project of the result, `report` counts what was printed.
"""
