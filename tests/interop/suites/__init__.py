"""The suites: each is a module of `unittest` cases, and each stands for one program that nobody here wrote."""
