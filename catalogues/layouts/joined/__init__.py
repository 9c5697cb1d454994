"""Second tables joined to a layout: redshifts, sizes, positions, votes."""
