// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPieceLedger} from "../contracts/IPieceLedger.sol";
import {Base} from "./Base.sol";

// accredit
// ├── when the caller is no steward: it reverts
// ├── when the address is zero, or the DID or the name empty: it reverts
// ├── when the DID is another studio's: it reverts
// ├── when the studio has another DID: it reverts
// └── otherwise: it emits, and a renewal changes scopes and the name of later pieces, but neither the first time, nor a
//     suspension, nor the name of pieces anchored before
// suspend, reinstate
// ├── when the caller is no steward, or the studio unknown: they revert
// ├── when nothing would change: they revert
// └── otherwise: the interval is kept, and counts from its first second to before its last
// addKey
// ├── when the caller is no steward, or the studio unknown: it reverts
// ├── when the bytes are no Multikey of a known kind: it reverts
// ├── when the studio has the key, or had it: it reverts
// └── otherwise: the window opens now, for this studio alone
// shortenKey
// ├── when the caller is no steward, or the key unknown: it reverts
// ├── when the window would not shrink: it reverts
// └── otherwise: the window ends there, also in the past
contract DirectoryTest is Base {
    // --- accredit

    function test_Accredit_RevertWhen_CallerIsNoSteward() public {
        vm.prank(anchorer);
        vm.expectRevert(_missingRole(anchorer, STEWARD));
        ledger.accredit(studio, DID, "Kiln", 1);
    }

    function test_Accredit_RevertWhen_AddressIsZero() public {
        vm.prank(steward);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.InvalidStudio.selector, address(0)));
        ledger.accredit(address(0), DID, "Kiln", 1);
    }

    function test_Accredit_RevertWhen_DidIsEmpty() public {
        vm.prank(steward);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.InvalidStudio.selector, studio));
        ledger.accredit(studio, "", "Kiln", 1);
    }

    function test_Accredit_RevertWhen_NameIsEmpty() public {
        vm.prank(steward);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.InvalidStudio.selector, studio));
        ledger.accredit(studio, DID, "", 1);
    }

    function test_Accredit_RevertWhen_DidIsAnothers() public {
        _accredit(studio, DID);
        vm.prank(steward);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.DidTaken.selector, DID, studio));
        ledger.accredit(other, DID, "Kiln", 1);
    }

    function test_Accredit_RevertWhen_StudioHasAnotherDid() public {
        _accredit(studio, DID);
        vm.prank(steward);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.DidTaken.selector, "did:b", address(0)));
        ledger.accredit(studio, "did:b", "Kiln", 1);
    }

    function test_Accredit_Emits() public {
        vm.expectEmit(true, true, true, true);
        emit IPieceLedger.StudioAccredited(studio, DID, "Kiln", 1);
        _accredit(studio, DID);
        _holds(ledger.inGoodStanding(studio));
        _holds(!ledger.inGoodStanding(other));
    }

    function test_Accredit_ANewNameLeavesAnchoredPiecesTheOldOne() public {
        uint256 token = _pieces();
        _later(100);
        vm.prank(steward);
        ledger.accredit(studio, DID, "New Kiln", 1);
        _later(1);
        vm.prank(anchorer);
        ledger.anchor(bytes32(uint256(77)), 1, 2, _lot(studio, 1));
        _same(_record(token).nameHash, sha256("Kiln"));
        _same(_record(uint256(2) << 32).nameHash, sha256("New Kiln"));
    }

    function test_Accredit_RenewalKeepsTheFirstTime() public {
        uint256 token = _pieces();
        _later(100);
        _accredit(studio, DID);
        _holds(_record(token).standingAtAnchor);
    }

    function test_Accredit_RenewalChangesScopes() public {
        uint256 token = _pieces();
        vm.prank(steward);
        ledger.accredit(studio, DID, "Kiln", 2);
        _holds(!ledger.inGoodStanding(studio));
        _holds(_record(token).standingAtAnchor);
    }

    function test_Accredit_RenewalLiftsNoSuspension() public {
        _accredit(studio, DID);
        _suspend();
        _accredit(studio, DID);
        _holds(!ledger.inGoodStanding(studio));
    }

    function test_Accredit_RenewalKeepsPastSuspensions() public {
        uint256 token = _pieces();
        _suspend();
        _later(10);
        _reinstate();
        _accredit(studio, DID);
        _holds(!_record(token).standingAtAnchor);
        _holds(_record(token).standingNow);
    }

    function test_Accredit_TheOldNameAgainIsTheOldName() public {
        uint256 token = _pieces();
        _later(100);
        vm.prank(steward);
        ledger.accredit(studio, DID, "New Kiln", 1);
        _later(100);
        _accredit(studio, DID);
        _same(_record(token).nameHash, sha256("Kiln"));
        _same(_record(_anchor(1)).nameHash, sha256("Kiln"));
    }

    function _gasOfRenewal(string memory name) private returns (uint256 spent) {
        vm.prank(steward);
        uint256 before = gasleft();
        ledger.accredit(studio, DID, name, 1);
        spent = before - gasleft();
    }

    function test_Accredit_RenewalUnderTheSameNameStoresNoNewOne() public {
        _accredit(studio, DID);
        _later(100);
        _holds(_gasOfRenewal("Kiln") + 40_000 < _gasOfRenewal("New Kiln"));
    }

    // --- suspend, reinstate

    function test_Suspend_RevertWhen_CallerIsNoSteward() public {
        _accredit(studio, DID);
        vm.prank(studio);
        vm.expectRevert(_missingRole(studio, STEWARD));
        ledger.suspend(studio);
    }

    function test_Suspend_RevertWhen_StudioIsUnknown() public {
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.UnknownStudio.selector, studio));
        vm.prank(steward);
        ledger.suspend(studio);
    }

    function test_Suspend_RevertWhen_Suspended() public {
        _accredit(studio, DID);
        _suspend();
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.SuspensionUnchanged.selector, studio));
        vm.prank(steward);
        ledger.suspend(studio);
    }

    function test_Reinstate_RevertWhen_CallerIsNoSteward() public {
        _accredit(studio, DID);
        _suspend();
        vm.prank(studio);
        vm.expectRevert(_missingRole(studio, STEWARD));
        ledger.reinstate(studio);
    }

    function test_Reinstate_RevertWhen_StudioIsUnknown() public {
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.UnknownStudio.selector, studio));
        vm.prank(steward);
        ledger.reinstate(studio);
    }

    function test_Reinstate_RevertWhen_NeverSuspended() public {
        _accredit(studio, DID);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.SuspensionUnchanged.selector, studio));
        vm.prank(steward);
        ledger.reinstate(studio);
    }

    function test_Reinstate_RevertWhen_ReinstatedAlready() public {
        _accredit(studio, DID);
        _suspend();
        _reinstate();
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.SuspensionUnchanged.selector, studio));
        vm.prank(steward);
        ledger.reinstate(studio);
    }

    function test_Suspension_EmitsBothEnds() public {
        _accredit(studio, DID);
        vm.expectEmit(true, true, true, true);
        emit IPieceLedger.StudioSuspended(studio);
        _suspend();
        vm.expectEmit(true, true, true, true);
        emit IPieceLedger.StudioReinstated(studio);
        _reinstate();
    }

    function test_Suspension_CountsInTheAnchorsOwnSecond() public {
        uint256 token = _pieces();
        _suspend();
        _holds(!_record(token).standingAtAnchor);
        _later(1);
        _reinstate();
        _holds(!_record(token).standingAtAnchor);
        _holds(_record(token).standingNow);
    }

    function test_Suspension_EndsBeforeTheSecondOfItsEnd() public {
        _accredit(studio, DID);
        _suspend();
        _later(10);
        _reinstate();
        _holds(_record(_anchor(1)).standingAtAnchor);
    }

    function test_Suspension_EarlierIntervalsAreKept() public {
        uint256 token = _pieces();
        _suspend();
        _later(10);
        _reinstate();
        _later(10);
        _suspend();
        _later(10);
        _reinstate();
        _holds(!_record(token).standingAtAnchor);
    }

    function test_Suspension_DoesNotReachBack() public {
        uint256 token = _pieces();
        _later(10);
        _suspend();
        _holds(_record(token).standingAtAnchor);
        _holds(!_record(token).standingNow);
        _later(10);
        _reinstate();
        _holds(_record(token).standingAtAnchor);
    }

    // --- addKey

    function test_AddKey_RevertWhen_CallerIsNoSteward() public {
        _accredit(studio, DID);
        vm.prank(studio);
        vm.expectRevert(_missingRole(studio, STEWARD));
        ledger.addKey(studio, multikey);
    }

    function test_AddKey_RevertWhen_StudioIsUnknown() public {
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.UnknownStudio.selector, studio));
        vm.prank(steward);
        ledger.addKey(studio, multikey);
    }

    function _badKey(bytes memory key) private {
        _accredit(studio, DID);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.InvalidMultikey.selector, key));
        vm.prank(steward);
        ledger.addKey(studio, key);
    }

    function test_AddKey_RevertWhen_Empty() public {
        _badKey("");
    }

    function test_AddKey_RevertWhen_P256IsTooShort() public {
        _badKey(abi.encodePacked(bytes2(0x8024), bytes32(0)));
    }

    function test_AddKey_RevertWhen_Ed25519IsTooLong() public {
        _badKey(abi.encodePacked(bytes2(0xed01), bytes32(0), bytes1(0)));
    }

    function test_AddKey_RevertWhen_KindIsUnknown() public {
        _badKey(abi.encodePacked(bytes2(0xe701), bytes32(0), bytes1(0)));
    }

    function test_AddKey_RevertWhen_Added() public {
        _accredit(studio, DID);
        _addKey();
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.KeyAlreadyAdded.selector, studio, keyId));
        vm.prank(steward);
        ledger.addKey(studio, multikey);
    }

    function test_AddKey_RevertWhen_AddedAndEnded() public {
        _accredit(studio, DID);
        _addKey();
        _shorten(0);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.KeyAlreadyAdded.selector, studio, keyId));
        vm.prank(steward);
        ledger.addKey(studio, multikey);
    }

    function test_AddKey_OpensAWindowForThisStudioAlone() public {
        uint256 token = _pieces();
        _accredit(other, "did:b");
        _later(5);
        vm.expectEmit(true, true, true, true);
        emit IPieceLedger.KeyAdded(other, keyId, multikey, START + 5);
        vm.prank(steward);
        ledger.addKey(other, multikey);
        _equal(_record(token).keyStart, 0);
        _later(5);
        _addKey();
        _equal(_record(token).keyStart, START + 10);
        _equal(_record(token).keyEnd, OPEN);
    }

    /// @dev Whoever has another's key registered first, at another studio, stands in nobody's way.
    function test_AddKey_ASquattedKeyIdIsStillTheStudiosToAdd() public {
        _accredit(other, "did:b");
        vm.prank(steward);
        ledger.addKey(other, multikey);
        vm.prank(steward);
        ledger.shortenKey(other, keyId, 0);
        uint256 token = _pieces();
        _equal(_record(token).keyStart, 0);
        _addKey();
        _equal(_record(token).keyStart, START);
        _equal(_record(token).keyEnd, OPEN);
    }

    function test_AddKey_TakesEd25519() public {
        _accredit(studio, DID);
        bytes memory key = abi.encodePacked(bytes2(0xed01), keccak256("key"));
        vm.prank(steward);
        ledger.addKey(studio, key);
        _equal(ledger.record(_anchor(1), sha256(key)).keyStart, START);
    }

    // --- shortenKey

    function test_ShortenKey_RevertWhen_CallerIsNoSteward() public {
        _accredit(studio, DID);
        _addKey();
        vm.prank(studio);
        vm.expectRevert(_missingRole(studio, STEWARD));
        ledger.shortenKey(studio, keyId, START);
    }

    function test_ShortenKey_RevertWhen_KeyIsUnknown() public {
        _accredit(studio, DID);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.UnknownKey.selector, studio, keyId));
        _shorten(START);
    }

    function test_ShortenKey_RevertWhen_StillOpen() public {
        _accredit(studio, DID);
        _addKey();
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.WindowNotShorter.selector, studio, keyId, OPEN, OPEN));
        _shorten(OPEN);
    }

    function test_ShortenKey_RevertWhen_TheSame() public {
        _accredit(studio, DID);
        _addKey();
        _shorten(START + 50);
        vm.expectRevert(
            abi.encodeWithSelector(IPieceLedger.WindowNotShorter.selector, studio, keyId, START + 50, START + 50)
        );
        _shorten(START + 50);
    }

    function test_ShortenKey_RevertWhen_TheWindowWouldGrow() public {
        _accredit(studio, DID);
        _addKey();
        _shorten(START + 50);
        vm.expectRevert(
            abi.encodeWithSelector(IPieceLedger.WindowNotShorter.selector, studio, keyId, START + 60, START + 50)
        );
        _shorten(START + 60);
    }

    function test_ShortenKey_EndsTheWindowInThePast() public {
        uint256 token = _pieces();
        _addKey();
        _later(100);
        vm.expectEmit(true, true, true, true);
        emit IPieceLedger.KeyWindowShortened(studio, keyId, START - 100);
        _shorten(START - 100);
        _equal(_record(token).keyStart, START);
        _equal(_record(token).keyEnd, START - 100);
    }

    /// @dev A window only shrinks, whatever is tried in whatever order.
    function testFuzz_WindowNeverGrows(uint64[8] calldata ends) public {
        uint256 token = _pieces();
        _addKey();
        uint64 shortest = OPEN;
        for (uint256 i = 0; i < ends.length; ++i) {
            vm.prank(steward);
            try ledger.shortenKey(studio, keyId, ends[i]) {
                _holds(ends[i] < shortest);
                shortest = ends[i];
            } catch {
                _holds(ends[i] >= shortest);
            }
            _equal(_record(token).keyEnd, shortest);
            _equal(_record(token).keyStart, START);
        }
    }
}
