"""From an upload to a batch folder, on all cores and in bounded memory."""
