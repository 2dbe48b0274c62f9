"""Result -> plotly figure: pure functions, no model, no screen. Each returns a Picture."""
