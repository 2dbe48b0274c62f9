"""Background work: the job queue, the workers that run jobs, and how long a job will take."""
