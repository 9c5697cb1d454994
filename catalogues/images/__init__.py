"""From the bytes of an image file to pixels: JPEG, PNG and FITS, with limits and statuses."""
