"""HTML pages: templates, plots and the elements that several pages share."""
