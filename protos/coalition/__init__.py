"""The protocol of a coalition points network: messages, and what every side must do alike.

Signing, hashing, ids, forms and verification live here, so that hub, SDK and settlement cannot disagree about them.
This package knows nothing of databases or servers.
"""
