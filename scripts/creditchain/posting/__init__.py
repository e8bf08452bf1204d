"""Sending webhooks to addresses that members named, without being led to where they must not go."""
