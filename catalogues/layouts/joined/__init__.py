"""Join further tables to a layout: redshifts, sizes, positions, votes."""
