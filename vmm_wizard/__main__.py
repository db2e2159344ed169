"""`python -m vmm_wizard` is the same as the `vmm-wizard` command."""

from vmm_wizard.cli import main

main()
