"""Grade notebooks: run a student's code in a sandbox, ask it questions, judge its answers outside.

The package uses nothing of the course that students rebuild; NumPy and the standard library carry
it.
"""
