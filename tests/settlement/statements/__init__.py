"""Tests of settlement.statements."""
