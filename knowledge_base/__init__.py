"""The facts: help-center articles and customers' account records, refreshed and retrieved."""
