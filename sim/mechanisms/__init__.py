"""The five mechanisms by which cells stay behind: one file each, of the same shape.

What leaves the cells, what kills them, where and when they grow.
"""
