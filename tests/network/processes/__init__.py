"""Tests of the processes of one hub."""
