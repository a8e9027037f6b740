"""A steward's work: studios, suspensions, keys and controllers."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from provenance.encoding import Address, KeyId
from provenance.ledger import (
    AccreditCall,
    AddKeyCall,
    ControllerProposed,
    KeyAdded,
    KeyWindowShortened,
    ProposeControllerCall,
    ReinstateCall,
    Role,
    ShortenKeyCall,
    StudioAccredited,
    StudioReinstated,
    StudioSuspended,
    SuspendCall,
)
from provenance.testing.rules.state import (
    ZERO,
    Context,
    Emitted,
    State,
    Studio,
    Window,
    refused,
    require_role_or_importer,
    seconds,
    when,
)

CONTROLLER_DELAY = 7 * 24 * 3600
_MULTIKEYS = {35: b"\x80\x24", 34: b"\xed\x01"}

DirectoryCall = AccreditCall | SuspendCall | ReinstateCall | AddKeyCall | ShortenKeyCall | ProposeControllerCall


def direct(state: State, call: DirectoryCall, context: Context) -> list[Emitted]:
    """Carry out a steward's work on the directory of studios."""
    require_role_or_importer(state, Role.STEWARD, context.sender)
    time = state.time(context.time)
    match call:
        case AccreditCall():
            return _accredit(state, call, time)
        case SuspendCall(studio):
            _known(state, studio)
            if state.suspended(studio):
                raise refused("SuspensionUnchanged", studio=studio)
            state.suspensions[studio] = (*state.suspensions.get(studio, ()), Window(time))
            return [(StudioSuspended, (studio,))]
        case ReinstateCall(studio):
            _known(state, studio)
            if not state.suspended(studio):
                raise refused("SuspensionUnchanged", studio=studio)
            *earlier, last = state.suspensions[studio]
            state.suspensions[studio] = (*earlier, replace(last, end=time))
            return [(StudioReinstated, (studio,))]
        case AddKeyCall():
            return _add_key(state, call, time)
        case ShortenKeyCall(studio, key_id, moment):
            window, end = state.keys.get((studio, key_id)), seconds(moment)
            if window is None:
                raise refused("UnknownKey", studio=studio, keyId=key_id)
            if window.end is not None and end >= window.end:
                raise refused("WindowNotShorter", studio=studio, keyId=key_id, end=end, current=window.end)
            state.keys[studio, key_id] = replace(window, end=end)
            return [(KeyWindowShortened, (studio, key_id, when(end)))]
        case ProposeControllerCall(studio, controller):
            entry = _known(state, studio)
            if controller == ZERO:
                raise refused("InvalidController", studio=studio)
            start = time + CONTROLLER_DELAY
            present = entry.controller_at(time)
            state.studios[studio] = replace(entry, controller=present, upcoming=controller, upcoming_from=start)
            return [(ControllerProposed, (studio, controller, when(start)))]


def _accredit(state: State, call: AccreditCall, time: int) -> list[Emitted]:
    entry, owner = state.studios.get(call.studio), state.owner_of_did.get(call.did)
    if call.studio == ZERO or not call.did or not call.name:
        raise refused("InvalidStudio", studio=call.studio)
    if (entry is None and owner is not None) or (entry is not None and entry.did != call.did):
        raise refused("DidTaken", did=call.did, studio=owner or ZERO)
    entry = entry or Studio(call.did, (), time, call.scopes, controller=call.studio)
    names = (*entry.names, (time, call.name))
    state.studios[call.studio] = replace(entry, names=names, scopes=call.scopes)
    state.owner_of_did[call.did] = call.studio
    return [(StudioAccredited, (call.studio, call.did, call.name, call.scopes))]


def _add_key(state: State, call: AddKeyCall, time: int) -> list[Emitted]:
    studio, multikey = call.studio, call.multikey
    _known(state, studio)
    if _MULTIKEYS.get(len(multikey)) != multikey[:2]:
        raise refused("InvalidMultikey", multikey="0x" + multikey.hex())
    key_id = KeyId(hashlib.sha256(multikey).digest())
    if (studio, key_id) in state.keys:
        raise refused("KeyAlreadyAdded", studio=studio, keyId=key_id)
    state.keys[studio, key_id] = Window(time)
    return [(KeyAdded, (studio, key_id, multikey, when(time)))]


def _known(state: State, studio: Address) -> Studio:
    entry = state.studios.get(studio)
    if entry is None:
        raise refused("UnknownStudio", studio=studio)
    return entry
