"""How much a photo may ask of the server."""

MAX_PIXELS = 50_000_000
MAX_PIXELS_OF = {"WEBP": 25_000_000}
"""Fewer where the decoder keeps several whole copies of a picture, which do not fit into the memory it gets."""
MAX_MEMORY_BYTES = 512 * 1024 * 1024
MAX_CPU_SECONDS = 10
MAX_SECONDS = 30
"""By the clock: a busy machine gives a child less than the whole of a processor, and a good photo may not fail for that."""
EDGES_PX = (1600, 400)
"""The longer edges of the rendition and of the small one for lists."""
