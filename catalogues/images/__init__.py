"""Image decoding: JPEG, PNG and FITS bytes to pixels, with limits and statuses."""
