"""Whole programs, written as for deepgram-sdk v4; `test_v4_programs` runs each as a process of its own.

Arguments: how the program ends (``finish``, ``leave`` or ``interrupt``), a file, and for the async ones the backend.
"""

__all__: list[str] = []
