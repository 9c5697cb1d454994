"""SmoothGrad maps of an ensemble: noise, views, jackknife groups, adaptive sampling."""
