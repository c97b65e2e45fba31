"""What the suites share: programs that are started, exchanges that are recorded, workflows that are driven."""
