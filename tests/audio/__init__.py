"""Tests of microphone and speaker, with a sound library whose devices are played by the tests."""
