"""Everything that talks to a chain: networks, connection, deployments, typed reads, transactions, signers.

The only room that imports web3. `views` and `networks` hold plain values and import nothing heavy.
"""
