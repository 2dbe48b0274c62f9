"""What a result says: measures, comparisons, maps and replays."""
