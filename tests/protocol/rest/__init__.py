"""Tests of the REST calls' parameters, bodies and answers: no event loop, no sockets."""
