"""Random programs, run in every mode of execution: what they leave must agree bit for bit."""
