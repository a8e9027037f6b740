"""A firing: one folder with its slips, its spreadsheet and its photos, from the kiln to the shop."""
