"""`xiangye places` and `xiangye species` whole: what their rooms offer, and what needs rooms above them.

A new layer is held against every place, a new list against every name, and both are the gate's; a pack tells what tablets have recorded.
"""

from server.packs.commands import pack
from server.places.commands import places
from server.places.load_command import load_with
from server.places.queries import hold_all_layers
from server.sensitivity.commands import history, relevel_, relevel_after
from server.sensitivity.restamping import restamp
from server.taxa.commands import load_with as load_lists_with
from server.taxa.commands import species

__all__ = ["places", "species"]

places.add_command(load_with(restamp))
places.add_command(history)
species.add_command(load_lists_with(hold_all_layers, relevel_after))
species.add_command(relevel_)
species.add_command(pack)
