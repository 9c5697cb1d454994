"""`ansae explain`: draw an image, its saliency maps and its bar as one picture."""
