"""Checking an upload without making a batch of it: every fault, and a summary in which a person notices a mistake."""
