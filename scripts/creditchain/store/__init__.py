"""The exchange's tables: who signed in, what was delivered and is to be metered, what was answered lately."""
