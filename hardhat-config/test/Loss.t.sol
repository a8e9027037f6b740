// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IHandOver} from "../contracts/IHandOver.sol";
import {IPieceLedger} from "../contracts/IPieceLedger.sol";
import {Signer} from "./Signing.sol";

// reportLost, holderOrderFor(REPORT_LOST)
// ├── when the caller does not sign for the holder: it reverts
// └── otherwise: it dates the loss, voids releases, and ends a pending return
// reportFound, holderOrderFor(REPORT_FOUND)
// ├── when the piece is not lost, or the caller neither steward nor holder: it reverts
// ├── when a steward says so: the loss ends at once
// └── when the holder says so: it ends after the delay, unless it is reported again
// proposeRecovery
// ├── when the caller is no steward, the heir nobody, the token unknown or held by its studio: it reverts
// └── otherwise: it names heir and time
// vetoRecovery, holderOrderFor(VETO_RECOVERY)
// ├── when there is nothing to veto, or the caller is neither steward nor holder: it reverts
// ├── when the holder vetoes: the recovery ends and releases are void
// └── when a steward withdraws: the recovery ends and releases stay
// executeRecovery
// ├── when there is none, it is too early, it was vetoed, or the piece moved: it reverts
// └── otherwise: the heir holds the piece, lost or not
contract LossTest is Signer {
    uint256 private _token;

    event MetadataUpdate(uint256 tokenId);

    function setUp() public override {
        super.setUp();
        _token = _pieces();
        _give(STUDIO_SECRET, _token, buyer);
        _later(100);
    }

    function _reportLost(address account) private {
        vm.prank(account);
        ledger.reportLost(_token);
    }

    function _reportFound(address account) private {
        vm.prank(account);
        ledger.reportFound(_token);
    }

    function _propose(address account, uint256 token, address heir) private {
        vm.prank(account);
        ledger.proposeRecovery(token, heir);
    }

    function _veto(address account) private {
        vm.prank(account);
        ledger.vetoRecovery(_token);
    }

    function _execute() private {
        vm.prank(stranger);
        ledger.executeRecovery(_token);
    }

    function _notTheHolder(address account) private view returns (bytes memory) {
        return abi.encodeWithSelector(IHandOver.NotTheHolder.selector, _token, account);
    }

    function _noRecovery() private view returns (bytes memory) {
        return abi.encodeWithSelector(IHandOver.NoRecovery.selector, _token);
    }

    // --- reportLost

    function test_ReportLost_RevertWhen_TheCallerIsTheStudio() public {
        vm.expectRevert(_notTheHolder(studio));
        _reportLost(studio);
    }

    function test_ReportLost_RevertWhen_TheCallerIsASteward() public {
        vm.expectRevert(_notTheHolder(steward));
        _reportLost(steward);
    }

    function test_ReportLost_DatesAndTells() public {
        vm.expectEmit(true, true, true, true);
        emit IHandOver.ReportedLost(_token, START + 100, 2);
        vm.expectEmit(true, true, true, true);
        emit MetadataUpdate(_token);
        _reportLost(buyer);
        _equal(_record(_token).lostSince, START + 100);
        _equal(_record(_token + 1).lostSince, 0);
    }

    function test_ReportLost_AgainKeepsTheFirstDateAndEndsAReturn() public {
        _reportLost(buyer);
        _reportFound(buyer);
        _later(50);
        _reportLost(buyer);
        _later(8 days);
        _equal(_record(_token).lostSince, START + 100);
        _equal(ledger.holding(_token).foundFrom, 0);
    }

    function test_ReportLostBySignature_Counts() public {
        bytes memory signature = _signed(BUYER_SECRET, _orderDigest("ReportLost", _token, 1, 0));
        ledger.holderOrderFor(IHandOver.HolderOrder.REPORT_LOST, _token, 1, 0, signature);
        _equal(_record(_token).lostSince, START + 100);
    }

    // --- reportFound

    function test_ReportFound_RevertWhen_NotLost() public {
        vm.expectRevert(abi.encodeWithSelector(IHandOver.PieceIsNotLost.selector, _token));
        _reportFound(buyer);
    }

    function test_ReportFound_RevertWhen_TheCallerIsAStranger() public {
        _reportLost(buyer);
        vm.expectRevert(_notTheHolder(stranger));
        _reportFound(stranger);
    }

    function test_ReportFound_RevertWhen_AStewardNamesAnUnknownToken() public {
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.UnknownToken.selector, _token + 3));
        vm.prank(steward);
        ledger.reportFound(_token + 3);
    }

    function test_ReportFound_ByAStewardCountsAtOnce() public {
        _reportLost(buyer);
        vm.expectEmit(true, true, true, true);
        emit IHandOver.ReportedFound(_token, START + 100, 3);
        _reportFound(steward);
        _equal(_record(_token).lostSince, 0);
        _give(BUYER_SECRET, _token, other);
    }

    function test_ReportFound_TellsThatMetadataChanged() public {
        _reportLost(buyer);
        vm.expectEmit(true, true, true, true);
        emit MetadataUpdate(_token);
        _reportFound(steward);
    }

    function test_ReportFound_WhatLapsedIsTold() public {
        _reportLost(buyer);
        _reportFound(buyer);
        _later(7 days);
        _equal(ledger.holding(_token).lostSince, 0);
        _equal(ledger.holding(_token).foundFrom, 0);
    }

    function test_ReportFound_AThiefWithThePhoneWaits() public {
        _reportLost(buyer);
        _reportFound(buyer);
        _later(7 days - 1);
        IHandOver.HandOver memory over = _handOver(_token, stranger);
        bytes memory release = _release(BUYER_SECRET, over);
        bytes memory claim = _claimSignature(CLAIM_SECRET, over);
        vm.expectRevert(abi.encodeWithSelector(IHandOver.PieceIsLost.selector, _token, START + 100));
        _send(over, release, claim);
        _later(1);
        _send(over, release, claim);
        _equal(ledger.ownerOf(_token), stranger);
    }

    function test_ReportFound_TheOwnerStopsAThief() public {
        _reportLost(buyer);
        _reportFound(buyer);
        _later(7 days - 1);
        _reportLost(buyer);
        _later(30 days);
        _holds(_record(_token).lostSince != 0);
    }

    function test_ReportFound_LaterLossIsANewOne() public {
        _reportLost(buyer);
        _reportFound(buyer);
        _later(8 days);
        _reportLost(buyer);
        _equal(_record(_token).lostSince, START + 100 + 8 days);
    }

    function test_ReportFoundBySignature_Waits() public {
        _reportLost(buyer);
        bytes memory signature = _signed(BUYER_SECRET, _orderDigest("ReportFound", _token, 2, 0));
        ledger.holderOrderFor(IHandOver.HolderOrder.REPORT_FOUND, _token, 2, 0, signature);
        _equal(ledger.holding(_token).foundFrom, START + 100 + 7 days);
        _holds(_record(_token).lostSince != 0);
    }

    // --- proposeRecovery

    function test_ProposeRecovery_RevertWhen_TheCallerIsNoSteward() public {
        vm.expectRevert(_missingRole(studio, STEWARD));
        _propose(studio, _token, stranger);
    }

    function test_ProposeRecovery_RevertWhen_TheHeirIsNobody() public {
        vm.expectRevert(abi.encodeWithSelector(IHandOver.InvalidHolder.selector, _token, address(0)));
        _propose(steward, _token, address(0));
    }

    function test_ProposeRecovery_RevertWhen_TheTokenIsUnknown() public {
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.UnknownToken.selector, _token + 3));
        _propose(steward, _token + 3, other);
    }

    function test_ProposeRecovery_RevertWhen_TheStudioHoldsIt() public {
        vm.expectRevert(abi.encodeWithSelector(IHandOver.HeldByItsStudio.selector, _token + 1, studio));
        _propose(steward, _token + 1, other);
    }

    function test_ProposeRecovery_Tells() public {
        vm.expectEmit(true, true, true, true);
        emit IHandOver.RecoveryProposed(_token, buyer, other, START + 100 + 30 days);
        _propose(steward, _token, other);
        _equal(ledger.holding(_token).heir, other);
        _equal(_nonce(_token), 1);
    }

    // --- vetoRecovery

    function test_VetoRecovery_RevertWhen_ThereIsNone() public {
        vm.expectRevert(_noRecovery());
        _veto(buyer);
    }

    function test_VetoRecovery_RevertWhen_TheCallerIsTheHeir() public {
        _propose(steward, _token, other);
        vm.expectRevert(_notTheHolder(other));
        _veto(other);
    }

    function test_VetoRecovery_ByTheHolderEndsItAndVoidsReleases() public {
        _propose(steward, _token, other);
        vm.expectEmit(true, true, true, true);
        emit IHandOver.RecoveryVetoed(_token, other, false);
        _veto(buyer);
        _equal(_nonce(_token), 2);
        _later(31 days);
        vm.expectRevert(_noRecovery());
        _execute();
    }

    function test_VetoRecovery_ByAStewardVoidsNoRelease() public {
        _propose(steward, _token, other);
        _veto(steward);
        _equal(_nonce(_token), 1);
        _equal(ledger.holding(_token).heir, address(0));
    }

    function test_VetoRecoveryBySignature_CountsOnce() public {
        _propose(steward, _token, other);
        bytes memory signature = _signed(BUYER_SECRET, _orderDigest("VetoRecovery", _token, 1, 0));
        ledger.holderOrderFor(IHandOver.HolderOrder.VETO_RECOVERY, _token, 1, 0, signature);
        _propose(steward, _token, other);
        vm.expectRevert(abi.encodeWithSelector(IHandOver.WrongPieceNonce.selector, _token, 2, 1));
        ledger.holderOrderFor(IHandOver.HolderOrder.VETO_RECOVERY, _token, 1, 0, signature);
    }

    // --- executeRecovery

    function test_ExecuteRecovery_RevertWhen_ThereIsNone() public {
        vm.expectRevert(_noRecovery());
        _execute();
    }

    function test_ExecuteRecovery_RevertWhen_TooEarly() public {
        _propose(steward, _token, other);
        _later(30 days - 1);
        vm.expectRevert(abi.encodeWithSelector(IHandOver.RecoveryTooEarly.selector, _token, START + 100 + 30 days));
        _execute();
    }

    function test_ExecuteRecovery_RevertWhen_ThePieceMoved() public {
        _propose(steward, _token, other);
        _give(BUYER_SECRET, _token, _phone(PHONE_SECRET));
        _later(31 days);
        vm.expectRevert(_noRecovery());
        _execute();
    }

    function test_ExecuteRecovery_RevertWhen_ExecutedTwice() public {
        _propose(steward, _token, other);
        _later(30 days);
        _execute();
        vm.expectRevert(_noRecovery());
        _execute();
    }

    function test_ExecuteRecovery_ANewProposalTakesItsOwnTime() public {
        _propose(steward, _token, other);
        _later(29 days);
        _propose(steward, _token, stranger);
        _later(1 days);
        vm.expectRevert(abi.encodeWithSelector(IHandOver.RecoveryTooEarly.selector, _token, START + 100 + 59 days));
        _execute();
    }

    function test_ExecuteRecovery_GivesThePieceToTheHeir() public {
        _reportLost(buyer);
        _propose(steward, _token, other);
        _later(30 days);
        vm.expectEmit(true, true, true, true);
        emit IHandOver.Moved(_token, buyer, other, 3);
        _execute();
        _equal(ledger.ownerOf(_token), other);
        _equal(ledger.balanceOf(buyer), 0);
        _equal(ledger.balanceOf(other), 1);
        _equal(_record(_token).lostSince, START + 100);
    }
}
