"""The parts of the report: each turns results into titled blocks, or into nothing without facts."""
