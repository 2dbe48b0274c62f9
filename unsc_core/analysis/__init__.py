"""What a result says: measures, comparisons, maps, replays and the 2-D lab."""
