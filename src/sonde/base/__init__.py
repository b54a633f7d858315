"""What every room stands on: errors, side tables, seeds, devices, files, progress. Imports no other room."""
