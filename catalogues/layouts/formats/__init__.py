"""File formats in which layouts store images and tables: tar, HDF5, FITS and CSV tables."""
