"""File formats of layouts: image folders, bands in FITS files, tar, HDF5, and tables."""
