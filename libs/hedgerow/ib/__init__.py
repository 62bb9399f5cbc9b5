"""The broker behind domain values: the only importer of the IB client library, and no library object leaves it."""
