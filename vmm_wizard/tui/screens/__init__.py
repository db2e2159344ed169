"""One file a page: compose and parse, no I/O."""
