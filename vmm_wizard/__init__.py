"""vmm-wizard: check, install and verify a highly available System Center VMM management server."""

__version__ = "0.1.0"
