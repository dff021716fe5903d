"""Random stories of the whole ledger, told to it and to a simple model at the same time.

- `model/` predicts what becomes of every transaction, in plain dictionaries.
- `story/` makes stories: who takes part, what they send, how time passes.
- `telling.py` tells a story to a ledger and compares; `shortening.py` makes one that fails as short as it can be.
- `hunt.py` tells many: `python -m tests.properties.hunt --help`.
- `mutants.py` plants bugs, one at a time, and shows that the stories find them: `python -m tests.properties.mutants`.

COALITION_PROPERTY_EXAMPLES says how many stories each property is given (`COALITION_PROPERTY_EXAMPLES=5000 make test
ARGS=tests/properties` is a long night's), COALITION_PROPERTY_SEED with which they begin.
"""
