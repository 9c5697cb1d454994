"""`ansae explain`: one image, its saliency maps and its bar, as one picture."""
