"""Work in the background: the engine, what its workers do, and what a job costs."""
