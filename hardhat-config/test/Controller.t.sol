// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IHandOver} from "../contracts/IHandOver.sol";
import {IPieceLedger} from "../contracts/IPieceLedger.sol";
import {Signer} from "./Signing.sol";

// proposeController
// ├── when the caller is no steward, the studio unknown or the controller nobody: it reverts
// ├── until the delay is over: the old controller signs
// └── from then on: the new one alone signs orders and releases of pieces that the studio holds
//     ├── the studio stays identity and owner
//     ├── buyers' pieces are out of its reach
//     └── a change in force outlives the next proposal
// amendFor
// ├── when it expired, the number is not the next, or the signature not the controller's: it reverts
// ├── when the studio is suspended or the digest zero: it reverts
// └── otherwise: it amends and uses the number up
contract ControllerTest is Signer {
    uint256 private constant NEW_SECRET = 0x2E3;
    uint256 private _token;
    address private _next;

    function setUp() public override {
        super.setUp();
        _token = _pieces();
        _next = vm.addr(NEW_SECRET);
        _later(100);
    }

    function _propose(address account, address studio_, address controller) private {
        vm.prank(account);
        ledger.proposeController(studio_, controller);
    }

    function _refusedRelease(uint256 secret, uint256 token, address signer) private {
        IHandOver.HandOver memory over = _handOver(token, stranger);
        bytes memory release = _release(secret, over);
        bytes memory claim = _claimSignature(CLAIM_SECRET, over);
        vm.expectRevert(abi.encodeWithSelector(IHandOver.InvalidHolderSignature.selector, token, signer));
        _send(over, release, claim);
    }

    function test_ProposeController_RevertWhen_TheCallerIsTheStudio() public {
        vm.expectRevert(_missingRole(studio, STEWARD));
        _propose(studio, studio, _next);
    }

    function test_ProposeController_RevertWhen_TheStudioIsUnknown() public {
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.UnknownStudio.selector, other));
        _propose(steward, other, _next);
    }

    function test_ProposeController_RevertWhen_TheControllerIsNobody() public {
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.InvalidController.selector, studio));
        _propose(steward, studio, address(0));
    }

    function test_ProposeController_Tells() public {
        vm.expectEmit(true, true, true, true);
        emit IPieceLedger.ControllerProposed(studio, _next, START + 100 + 7 days);
        _propose(steward, studio, _next);
        (address controller, address next, uint64 from) = ledger.controllerOf(studio);
        _equal(controller, studio);
        _equal(next, _next);
        _equal(from, START + 100 + 7 days);
    }

    function test_ProposeController_TheOldOneSignsUntilThen() public {
        _propose(steward, studio, _next);
        _later(7 days - 1);
        _refusedRelease(NEW_SECRET, _token, studio);
        _give(STUDIO_SECRET, _token, buyer);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.NotTheStudio.selector, _token, _next));
        _setStatus(_next, _token, IPieceLedger.Status.ON_HOLD);
    }

    function test_ProposeController_TheNewOneAloneSignsFromThen() public {
        _propose(steward, studio, _next);
        _later(7 days);
        _refusedRelease(STUDIO_SECRET, _token, _next);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.NotTheStudio.selector, _token, studio));
        _setStatus(studio, _token, IPieceLedger.Status.ON_HOLD);
        _setStatus(_next, _token, IPieceLedger.Status.ON_HOLD);
        _equal(ledger.ownerOf(_token), studio);
        _equal(ledger.holding(_token).signer, _next);
        _give(NEW_SECRET, _token, buyer);
        _equal(ledger.ownerOf(_token), buyer);
        _equal(_record(_token).studio, studio);
    }

    function test_ProposeController_ReachesNoPieceThatABuyerHolds() public {
        _give(STUDIO_SECRET, _token, buyer);
        _propose(steward, studio, _next);
        _later(7 days);
        _refusedRelease(NEW_SECRET, _token, buyer);
        _give(BUYER_SECRET, _token, other);
    }

    /// @dev A steward who accredits a buyer as a studio must not reach what that buyer holds of others.
    function test_ProposeController_ReachesNoOtherStudiosPiece() public {
        _give(STUDIO_SECRET, _token, buyer);
        _accredit(buyer, "did:b");
        _propose(steward, buyer, _next);
        _later(7 days);
        _refusedRelease(NEW_SECRET, _token, buyer);
        _equal(ledger.holding(_token).signer, buyer);
    }

    function test_ProposeController_AgainKeepsTheOneInForce() public {
        _propose(steward, studio, _next);
        _later(7 days);
        _propose(steward, studio, buyer);
        (address controller, , ) = ledger.controllerOf(studio);
        _equal(controller, _next);
    }

    function test_ProposeController_OfThePresentOneEndsAProposal() public {
        _propose(steward, studio, _next);
        _propose(steward, studio, studio);
        _later(30 days);
        (address controller, address next, uint64 from) = ledger.controllerOf(studio);
        _equal(controller, studio);
        _equal(next, address(0));
        _equal(from, 0);
    }

    function test_ProposeController_APasskeyMaySign() public {
        _propose(steward, studio, _phone(PHONE_SECRET));
        _later(7 days);
        IHandOver.HandOver memory over = _handOver(_token, buyer);
        bytes memory claim = _claimSignature(CLAIM_SECRET, over);
        _send(over, _touched(PHONE_SECRET, _releaseDigest(ledger, _token, claimKey, 0, 0)), claim);
        _equal(ledger.ownerOf(_token), buyer);
    }

    // --- amendFor

    function _amendDigest(uint256 nonce, uint256 deadline) private view returns (bytes32) {
        bytes32 kind = keccak256("Amend(uint256 tokenId,bytes32 digest,address studio,uint256 nonce,uint256 deadline)");
        return _typed(ledger, abi.encode(kind, _token, DIGEST, studio, nonce, deadline));
    }

    function test_AmendFor_RevertWhen_Expired() public {
        bytes memory signature = _signed(STUDIO_SECRET, _amendDigest(0, START));
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.OrderExpired.selector, START));
        ledger.amendFor(_token, DIGEST, 0, START, signature);
    }

    function test_AmendFor_RevertWhen_TheNumberIsNotTheNext() public {
        bytes memory signature = _signed(STUDIO_SECRET, _amendDigest(1, 0));
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.WrongOrderNonce.selector, studio, 0, 1));
        ledger.amendFor(_token, DIGEST, 1, 0, signature);
    }

    function test_AmendFor_RevertWhen_SignedByAnother() public {
        bytes memory signature = _signed(BUYER_SECRET, _amendDigest(0, 0));
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.InvalidOrderSignature.selector, studio));
        ledger.amendFor(_token, DIGEST, 0, 0, signature);
    }

    function test_AmendFor_RevertWhen_TheDigestIsAnother() public {
        bytes memory signature = _signed(STUDIO_SECRET, _amendDigest(0, 0));
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.InvalidOrderSignature.selector, studio));
        ledger.amendFor(_token, ROOT, 0, 0, signature);
    }

    function test_AmendFor_RevertWhen_TheStudioIsSuspended() public {
        bytes memory signature = _signed(STUDIO_SECRET, _amendDigest(0, 0));
        _suspend();
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.StudioNotInGoodStanding.selector, studio));
        ledger.amendFor(_token, DIGEST, 0, 0, signature);
    }

    function test_AmendFor_AmendsAndCountsOnce() public {
        bytes memory signature = _signed(STUDIO_SECRET, _amendDigest(0, 0));
        vm.expectEmit(true, true, true, true);
        emit IPieceLedger.Amended(_token, DIGEST, 1);
        ledger.amendFor(_token, DIGEST, 0, 0, signature);
        _same(_record(_token).newest, DIGEST);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.WrongOrderNonce.selector, studio, 1, 0));
        ledger.amendFor(_token, DIGEST, 0, 0, signature);
    }
}
