"""A class on one server: rooms, who is in them, what they answered, and challenges."""

from unsc_core.rooms.challenges import CHALLENGES, Challenge
from unsc_core.rooms.rooms import Rooms
from unsc_core.rooms.state import Opened, Person, Place, State

__all__ = ["CHALLENGES", "Challenge", "Opened", "Person", "Place", "Rooms", "State"]
