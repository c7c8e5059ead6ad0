"""`xiangye places` and `xiangye species` whole: what their rooms offer, and what needs rooms above them.

A new layer is held against every place, and the places are the gate's; a pack tells what tablets have recorded.
"""

from server.packs.commands import pack
from server.places.commands import places
from server.places.load_command import load_with
from server.sensitivity.commands import history
from server.sensitivity.restamping import restamp
from server.taxa.commands import species

__all__ = ["places", "species"]

places.add_command(load_with(restamp))
places.add_command(history)
species.add_command(pack)
