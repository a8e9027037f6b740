// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IHandOver} from "../contracts/IHandOver.sol";
import {IPieceLedger} from "../contracts/IPieceLedger.sol";
import {Ledger} from "./Base.sol";
import {Signer} from "./Signing.sol";

/// @dev Says yes to everything, after it tried to act on its own behalf.
contract Reentrant {
    Ledger private immutable _ledger;
    uint256 private immutable _token;

    constructor(Ledger ledger, uint256 token) {
        (_ledger, _token) = (ledger, token);
    }

    function isValidSignature(bytes32, bytes calldata) external returns (bytes4) {
        (bool done, ) = address(_ledger).call(abi.encodeCall(IHandOver.cancelReleases, (_token)));
        return done ? bytes4(0) : bytes4(0x1626ba7e);
    }
}

/// @dev Never answers.
contract Looping {
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        uint256 turns = 0;
        while (true) turns = addmod(turns, 1, 7);
        return 0x1626ba7e;
    }
}

/// @dev Says yes to everything.
contract Yes {
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return 0x1626ba7e;
    }
}

/// @dev Says no to everything.
contract No {
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return 0xffffffff;
    }
}

// claim
// ├── it reverts when
// │   ├── the release expired
// │   ├── the claim expired
// │   ├── a deadline is stretched
// │   ├── the new holder is nobody
// │   ├── the token is unknown
// │   ├── sent twice
// │   ├── an earlier release is used after the studio got the piece back
// │   ├── cancelled
// │   ├── lost
// │   ├── the studio is suspended
// │   ├── the release is anothers
// │   ├── the claim key is not the one released to
// │   ├── the release is the high twin
// │   ├── the claim is the high twin
// │   ├── the chain is another
// │   ├── the contract is another
// │   ├── the deployment is another at the same address
// │   ├── a front runner puts another recipient
// │   ├── a relayer signs the claim itself
// │   ├── the claim key is zero
// │   ├── of another piece
// │   ├── a contract says no
// │   └── a contract never answers
// └── otherwise
//     ├── counts at the last second
//     ├── a buyer resells whatever became of the studio
//     ├── moves and tells
//     ├── to the holder itself changes no balance
//     ├── the studio no longer signs for a sold piece
//     ├── by a key with delegated code
//     ├── by the code that a key delegated to
//     ├── by a contract
//     ├── a contract cannot act while it is asked
//     ├── of anothers piece that a suspended studio bought
//     ├── of a locked piece tells no lock
//     └── of a piece that is held revoked or retired
// cancelReleases
// ├── it reverts when
// │   ├── the caller is not the holder
// │   └── the token is unknown
// └── otherwise
//     └── emits
// cancelBySignature
// ├── it reverts when
// │   ├── expired
// │   ├── signed by another
// │   └── signed for another order
// └── otherwise
//     └── voids and counts once
// setExemption
// ├── it reverts when
// │   ├── the caller is no steward
// │   ├── the token is unknown
// │   ├── the release is to another key
// │   └── the suspended studio cancels or reports
// └── otherwise
//     ├── lets the release to that key through once
//     └── can be taken back
// whatever is tried
// ├── garbage moves nothing
// └── a changed member is refused
contract HandOverTest is Signer {
    uint256 private _token;

    event Transfer(address indexed from, address indexed to, uint256 indexed tokenId);

    function setUp() public override {
        super.setUp();
        _token = _pieces();
        _later(100);
    }

    function _refuse(
        bytes memory reason,
        IHandOver.HandOver memory over,
        bytes memory release,
        bytes memory claim
    ) private {
        vm.expectRevert(reason);
        _send(over, release, claim);
    }

    function _signedBoth(IHandOver.HandOver memory over) private returns (bytes memory release, bytes memory claim) {
        release = _release(STUDIO_SECRET, over);
        claim = _claimSignature(CLAIM_SECRET, over);
    }

    function _badHolder(address signer) private view returns (bytes memory) {
        return abi.encodeWithSelector(IHandOver.InvalidHolderSignature.selector, _token, signer);
    }

    function _badClaim() private view returns (bytes memory) {
        return abi.encodeWithSelector(IHandOver.InvalidClaimSignature.selector, _token, claimKey);
    }

    function _badNonce(uint256 expected, uint256 actual) private view returns (bytes memory) {
        return abi.encodeWithSelector(IHandOver.WrongPieceNonce.selector, _token, expected, actual);
    }

    // --- claim

    function test_Claim_RevertWhen_TheReleaseExpired() public {
        IHandOver.HandOver memory over = _handOver(_token, buyer);
        over.releaseDeadline = START + 99;
        (bytes memory release, bytes memory claim) = _signedBoth(over);
        _refuse(abi.encodeWithSelector(IPieceLedger.OrderExpired.selector, START + 99), over, release, claim);
    }

    function test_Claim_RevertWhen_TheClaimExpired() public {
        IHandOver.HandOver memory over = _handOver(_token, buyer);
        over.claimDeadline = START + 99;
        (bytes memory release, bytes memory claim) = _signedBoth(over);
        _refuse(abi.encodeWithSelector(IPieceLedger.OrderExpired.selector, START + 99), over, release, claim);
    }

    function test_Claim_RevertWhen_ADeadlineIsStretched() public {
        IHandOver.HandOver memory over = _handOver(_token, buyer);
        over.releaseDeadline = START + 99;
        (bytes memory release, bytes memory claim) = _signedBoth(over);
        over.releaseDeadline = 0;
        _refuse(_badHolder(studio), over, release, claim);
    }

    function test_Claim_CountsAtTheLastSecond() public {
        IHandOver.HandOver memory over = _handOver(_token, buyer);
        (over.releaseDeadline, over.claimDeadline) = (START + 100, START + 100);
        (bytes memory release, bytes memory claim) = _signedBoth(over);
        _send(over, release, claim);
        _equal(ledger.ownerOf(_token), buyer);
    }

    function test_Claim_RevertWhen_TheNewHolderIsNobody() public {
        IHandOver.HandOver memory over = _handOver(_token, address(0));
        (bytes memory release, bytes memory claim) = _signedBoth(over);
        _refuse(abi.encodeWithSelector(IHandOver.InvalidHolder.selector, _token, address(0)), over, release, claim);
    }

    function test_Claim_RevertWhen_TheTokenIsUnknown() public {
        IHandOver.HandOver memory over = _handOver(_token, buyer);
        over.tokenId = _token + 3;
        _refuse(abi.encodeWithSelector(IPieceLedger.UnknownToken.selector, _token + 3), over, "", "");
    }

    function test_Claim_RevertWhen_SentTwice() public {
        IHandOver.HandOver memory over = _handOver(_token, buyer);
        (bytes memory release, bytes memory claim) = _signedBoth(over);
        _send(over, release, claim);
        _refuse(_badNonce(1, 0), over, release, claim);
    }

    function test_Claim_RevertWhen_AnEarlierReleaseIsUsedAfterTheStudioGotThePieceBack() public {
        IHandOver.HandOver memory over = _handOver(_token, buyer);
        (bytes memory release, bytes memory claim) = _signedBoth(over);
        _send(over, release, claim);
        _give(BUYER_SECRET, _token, studio);
        _refuse(_badNonce(2, 0), over, release, claim);
        over.nonce = 2;
        _refuse(_badHolder(studio), over, release, claim);
    }

    function test_Claim_RevertWhen_Cancelled() public {
        IHandOver.HandOver memory over = _handOver(_token, buyer);
        (bytes memory release, bytes memory claim) = _signedBoth(over);
        vm.prank(studio);
        ledger.cancelReleases(_token);
        _refuse(_badNonce(1, 0), over, release, claim);
    }

    function test_Claim_RevertWhen_Lost() public {
        _give(STUDIO_SECRET, _token, buyer);
        vm.prank(buyer);
        ledger.reportLost(_token);
        IHandOver.HandOver memory over = _handOver(_token, stranger);
        bytes memory release = _release(BUYER_SECRET, over);
        bytes memory claim = _claimSignature(CLAIM_SECRET, over);
        _refuse(abi.encodeWithSelector(IHandOver.PieceIsLost.selector, _token, START + 100), over, release, claim);
    }

    function test_Claim_RevertWhen_TheStudioIsSuspended() public {
        IHandOver.HandOver memory over = _handOver(_token, buyer);
        (bytes memory release, bytes memory claim) = _signedBoth(over);
        _suspend();
        _refuse(abi.encodeWithSelector(IHandOver.StudioIsSuspended.selector, studio, _token), over, release, claim);
        _holds(ledger.holding(_token).barred);
        _reinstate();
        _send(over, release, claim);
    }

    function test_Claim_ABuyerResellsWhateverBecameOfTheStudio() public {
        _give(STUDIO_SECRET, _token, buyer);
        _suspend();
        _give(BUYER_SECRET, _token, other);
        _equal(ledger.ownerOf(_token), other);
    }

    function test_Claim_RevertWhen_TheReleaseIsAnothers() public {
        IHandOver.HandOver memory over = _handOver(_token, buyer);
        bytes memory claim = _claimSignature(CLAIM_SECRET, over);
        _refuse(_badHolder(studio), over, _release(BUYER_SECRET, over), claim);
    }

    function test_Claim_RevertWhen_TheClaimKeyIsNotTheOneReleasedTo() public {
        IHandOver.HandOver memory over = _handOver(_token, stranger);
        bytes memory release = _release(STUDIO_SECRET, over);
        over.claimKey = vm.addr(0xBAD);
        bytes memory claim = _claimSignature(0xBAD, over);
        _refuse(_badHolder(studio), over, release, claim);
    }

    function test_Claim_RevertWhen_TheReleaseIsTheHighTwin() public {
        IHandOver.HandOver memory over = _handOver(_token, buyer);
        (bytes memory release, bytes memory claim) = _signedBoth(over);
        _refuse(_badHolder(studio), over, _twin(release), claim);
    }

    function test_Claim_RevertWhen_TheClaimIsTheHighTwin() public {
        IHandOver.HandOver memory over = _handOver(_token, buyer);
        (bytes memory release, bytes memory claim) = _signedBoth(over);
        _refuse(_badClaim(), over, release, _twin(claim));
    }

    function test_Claim_RevertWhen_TheChainIsAnother() public {
        IHandOver.HandOver memory over = _handOver(_token, buyer);
        (bytes memory release, bytes memory claim) = _signedBoth(over);
        vm.chainId(block.chainid + 1);
        _refuse(_badHolder(studio), over, release, claim);
    }

    function test_Claim_RevertWhen_TheContractIsAnother() public {
        IHandOver.HandOver memory over = _handOver(_token, buyer);
        (bytes memory release, bytes memory claim) = _signedBoth(over);
        ledger = _deploy(ID, false, address(0));
        _pieces();
        _refuse(_badHolder(studio), over, release, claim);
    }

    function test_Claim_RevertWhen_TheDeploymentIsAnotherAtTheSameAddress() public {
        IHandOver.HandOver memory over = _handOver(_token, buyer);
        (bytes memory release, bytes memory claim) = _signedBoth(over);
        vm.etch(address(ledger), address(_deploy(keccak256("re-created"), false, address(0))).code);
        _refuse(_badHolder(studio), over, release, claim);
    }

    function test_Claim_RevertWhen_AFrontRunnerPutsAnotherRecipient() public {
        IHandOver.HandOver memory over = _handOver(_token, buyer);
        (bytes memory release, bytes memory claim) = _signedBoth(over);
        over.newHolder = stranger;
        _refuse(_badClaim(), over, release, claim);
    }

    function test_Claim_RevertWhen_ARelayerSignsTheClaimItself() public {
        IHandOver.HandOver memory over = _handOver(_token, stranger);
        bytes memory release = _release(STUDIO_SECRET, over);
        _refuse(_badClaim(), over, release, _claimSignature(0xBAD, over));
    }

    function test_Claim_RevertWhen_TheClaimKeyIsZero() public {
        IHandOver.HandOver memory over = _handOver(_token, stranger);
        over.claimKey = address(0);
        bytes memory release = _release(STUDIO_SECRET, over);
        bytes memory reason = abi.encodeWithSelector(IHandOver.InvalidClaimSignature.selector, _token, address(0));
        _refuse(reason, over, release, abi.encodePacked(bytes32(0), bytes32(0), uint8(27)));
    }

    function test_Claim_RevertWhen_OfAnotherPiece() public {
        IHandOver.HandOver memory over = _handOver(_token + 1, buyer);
        (bytes memory release, bytes memory claim) = _signedBoth(over);
        over.tokenId = _token;
        _refuse(_badHolder(studio), over, release, claim);
    }

    function test_Claim_MovesAndTells() public {
        IHandOver.HandOver memory over = _handOver(_token, buyer);
        (bytes memory release, bytes memory claim) = _signedBoth(over);
        vm.expectEmit(true, true, true, true);
        emit Transfer(studio, buyer, _token);
        vm.expectEmit(true, true, true, true);
        emit IHandOver.Moved(_token, studio, buyer, 1);
        _send(over, release, claim);
        _equal(ledger.ownerOf(_token), buyer);
        _equal(_record(_token).holder, buyer);
        _equal(ledger.balanceOf(studio), 2);
        _equal(ledger.balanceOf(buyer), 1);
        _equal(_nonce(_token), 1);
        _equal(ledger.holding(_token).signer, buyer);
        _holds(ledger.locked(_token));
    }

    function test_Claim_ToTheHolderItselfChangesNoBalance() public {
        _give(STUDIO_SECRET, _token, studio);
        _equal(ledger.ownerOf(_token), studio);
        _equal(ledger.balanceOf(studio), 3);
        _equal(_nonce(_token), 1);
    }

    function test_Claim_TheStudioNoLongerSignsForASoldPiece() public {
        _give(STUDIO_SECRET, _token, buyer);
        IHandOver.HandOver memory over = _handOver(_token, stranger);
        (bytes memory release, bytes memory claim) = _signedBoth(over);
        _refuse(_badHolder(buyer), over, release, claim);
    }

    /// @dev The code of such an account is a designator of 23 bytes (EIP-7702); what it points to is never asked.
    function test_Claim_ByAKeyWithDelegatedCode() public {
        _give(STUDIO_SECRET, _token, buyer);
        vm.etch(buyer, abi.encodePacked(hex"ef0100", new Looping()));
        _equal(buyer.code.length, 23);
        _give(BUYER_SECRET, _token, other);
        _equal(ledger.ownerOf(_token), other);
    }

    function test_Claim_ByTheCodeThatAKeyDelegatedTo() public {
        _give(STUDIO_SECRET, _token, buyer);
        vm.etch(buyer, abi.encodePacked(hex"ef0100", new Yes()));
        IHandOver.HandOver memory over = _handOver(_token, other);
        _send(over, "any", _claimSignature(CLAIM_SECRET, over));
        _equal(ledger.ownerOf(_token), other);
    }

    function test_Claim_ByAContract() public {
        address safe = address(new Yes());
        _give(STUDIO_SECRET, _token, safe);
        IHandOver.HandOver memory over = _handOver(_token, buyer);
        _send(over, "any", _claimSignature(CLAIM_SECRET, over));
        _equal(ledger.ownerOf(_token), buyer);
    }

    function test_Claim_AContractCannotActWhileItIsAsked() public {
        address safe = address(new Reentrant(ledger, _token));
        _give(STUDIO_SECRET, _token, safe);
        IHandOver.HandOver memory over = _handOver(_token, buyer);
        _send(over, "any", _claimSignature(CLAIM_SECRET, over));
        _equal(ledger.ownerOf(_token), buyer);
        _equal(_nonce(_token), 2);
    }

    function test_Claim_RevertWhen_AContractSaysNo() public {
        address safe = address(new No());
        _give(STUDIO_SECRET, _token, safe);
        IHandOver.HandOver memory over = _handOver(_token, buyer);
        _refuse(_badHolder(safe), over, "any", _claimSignature(CLAIM_SECRET, over));
    }

    /// @dev It spends what the sender set out, and no more: enough is left to say why.
    function test_Claim_RevertWhen_AContractNeverAnswers() public {
        address safe = address(new Looping());
        _give(STUDIO_SECRET, _token, safe);
        IHandOver.HandOver memory over = _handOver(_token, buyer);
        bytes memory claim = _claimSignature(CLAIM_SECRET, over);
        uint256 before = gasleft();
        (bool done, bytes memory reason) = address(ledger).call{gas: 2_000_000}(
            abi.encodeCall(IHandOver.claim, (over, "any", claim))
        );
        _holds(!done && before - gasleft() < 2_100_000);
        _same(keccak256(reason), keccak256(_badHolder(safe)));
        _equal(ledger.ownerOf(_token), safe);
        _equal(_nonce(_token), 1);
    }

    /// @dev A buyer who is a suspended studio too holds what others made as any buyer does.
    function test_Claim_OfAnothersPieceThatASuspendedStudioBought() public {
        _give(STUDIO_SECRET, _token, buyer);
        _accredit(buyer, "did:b");
        vm.prank(steward);
        ledger.suspend(buyer);
        _holds(!ledger.holding(_token).barred);
        _give(BUYER_SECRET, _token, other);
        _equal(ledger.ownerOf(_token), other);
    }

    function test_Claim_OfALockedPieceTellsNoLock() public {
        vm.recordLogs();
        _give(STUDIO_SECRET, _token, buyer);
        _equal(_told("Unlocked(uint256)"), 0);
        vm.recordLogs();
        _give(BUYER_SECRET, _token, studio);
        _equal(_told("Locked(uint256)"), 0);
    }

    function test_Claim_OfAPieceThatIsHeldRevokedOrRetired() public {
        _setStatus(steward, _token, IPieceLedger.Status.ON_HOLD);
        _setStatus(studio, _token + 1, IPieceLedger.Status.REVOKED);
        _setStatus(studio, _token + 2, IPieceLedger.Status.RETIRED);
        for (uint256 i = 0; i < 3; ++i) {
            _give(STUDIO_SECRET, _token + i, buyer);
            _equal(ledger.ownerOf(_token + i), buyer);
            _holds(_record(_token + i).status != IPieceLedger.Status.ACTIVE);
        }
    }

    // --- cancelReleases

    function test_CancelReleases_RevertWhen_TheCallerIsNotTheHolder() public {
        _give(STUDIO_SECRET, _token, buyer);
        vm.expectRevert(abi.encodeWithSelector(IHandOver.NotTheHolder.selector, _token, studio));
        vm.prank(studio);
        ledger.cancelReleases(_token);
    }

    function test_CancelReleases_RevertWhen_TheTokenIsUnknown() public {
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.UnknownToken.selector, _token + 3));
        ledger.cancelReleases(_token + 3);
    }

    function test_CancelReleases_Emits() public {
        vm.expectEmit(true, true, true, true);
        emit IHandOver.ReleasesCancelled(_token, 1);
        vm.prank(studio);
        ledger.cancelReleases(_token);
        _equal(_nonce(_token + 1), 0);
    }

    function test_CancelBySignature_VoidsAndCountsOnce() public {
        bytes memory signature = _signed(STUDIO_SECRET, _orderDigest("CancelReleases", _token, 0, 0));
        ledger.holderOrderFor(IHandOver.HolderOrder.CANCEL_RELEASES, _token, 0, 0, signature);
        _equal(_nonce(_token), 1);
        vm.expectRevert(_badNonce(1, 0));
        ledger.holderOrderFor(IHandOver.HolderOrder.CANCEL_RELEASES, _token, 0, 0, signature);
    }

    function test_CancelBySignature_RevertWhen_Expired() public {
        bytes memory signature = _signed(STUDIO_SECRET, _orderDigest("CancelReleases", _token, 0, START));
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.OrderExpired.selector, START));
        ledger.holderOrderFor(IHandOver.HolderOrder.CANCEL_RELEASES, _token, 0, START, signature);
    }

    function test_CancelBySignature_RevertWhen_SignedByAnother() public {
        bytes memory signature = _signed(BUYER_SECRET, _orderDigest("CancelReleases", _token, 0, 0));
        vm.expectRevert(_badHolder(studio));
        ledger.holderOrderFor(IHandOver.HolderOrder.CANCEL_RELEASES, _token, 0, 0, signature);
    }

    function test_CancelBySignature_RevertWhen_SignedForAnotherOrder() public {
        bytes memory signature = _signed(STUDIO_SECRET, _orderDigest("CancelReleases", _token, 0, 0));
        vm.expectRevert(_badHolder(studio));
        ledger.holderOrderFor(IHandOver.HolderOrder.REPORT_LOST, _token, 0, 0, signature);
    }

    // --- setExemption

    function _exempt(address account, uint256 token, address key) private {
        vm.prank(account);
        ledger.setExemption(token, key);
    }

    function _barred(address holder, uint256 token) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IHandOver.StudioIsSuspended.selector, holder, token);
    }

    function test_SetExemption_RevertWhen_TheCallerIsNoSteward() public {
        vm.expectRevert(_missingRole(studio, STEWARD));
        _exempt(studio, _token, claimKey);
    }

    function test_SetExemption_RevertWhen_TheTokenIsUnknown() public {
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.UnknownToken.selector, _token + 3));
        _exempt(steward, _token + 3, claimKey);
    }

    function test_SetExemption_LetsTheReleaseToThatKeyThroughOnce() public {
        _suspend();
        vm.expectEmit(true, true, true, true);
        emit IHandOver.ExemptionSet(_token, claimKey);
        _exempt(steward, _token, claimKey);
        _give(STUDIO_SECRET, _token, studio);
        _equal(ledger.holding(_token).exemptKey, address(0));
        IHandOver.HandOver memory over = _handOver(_token, buyer);
        (bytes memory release, bytes memory claim) = _signedBoth(over);
        _refuse(_barred(studio, _token), over, release, claim);
    }

    /// @dev Whoever stole the studio's key signs another release of the piece that the steward exempted.
    function test_SetExemption_RevertWhen_TheReleaseIsToAnotherKey() public {
        _suspend();
        _exempt(steward, _token, vm.addr(0xB0B));
        IHandOver.HandOver memory over = _handOver(_token, stranger);
        (bytes memory release, bytes memory claim) = _signedBoth(over);
        _refuse(_barred(studio, _token), over, release, claim);
    }

    /// @dev Nor can the thief void the release that the buyer paid for.
    function test_SetExemption_RevertWhen_TheSuspendedStudioCancelsOrReports() public {
        IHandOver.HandOver memory over = _handOver(_token, buyer);
        (bytes memory release, bytes memory claim) = _signedBoth(over);
        _suspend();
        _exempt(steward, _token, claimKey);
        vm.expectRevert(_barred(studio, _token));
        vm.prank(studio);
        ledger.cancelReleases(_token);
        vm.expectRevert(_barred(studio, _token));
        vm.prank(studio);
        ledger.reportLost(_token);
        bytes memory signature = _signed(STUDIO_SECRET, _orderDigest("CancelReleases", _token, 0, 0));
        vm.expectRevert(_barred(studio, _token));
        ledger.holderOrderFor(IHandOver.HolderOrder.CANCEL_RELEASES, _token, 0, 0, signature);
        _send(over, release, claim);
        _equal(ledger.ownerOf(_token), buyer);
    }

    function test_SetExemption_CanBeTakenBack() public {
        _suspend();
        _exempt(steward, _token, claimKey);
        _equal(ledger.holding(_token).exemptKey, claimKey);
        _holds(ledger.holding(_token).barred);
        _exempt(steward, _token, address(0));
        IHandOver.HandOver memory over = _handOver(_token, buyer);
        (bytes memory release, bytes memory claim) = _signedBoth(over);
        _refuse(_barred(studio, _token), over, release, claim);
    }

    /// @dev Whatever bytes are sent in the place of signatures, nothing moves.
    function testFuzz_GarbageMovesNothing(bytes calldata release, bytes calldata claim, uint64 nonce) public {
        IHandOver.HandOver memory over = IHandOver.HandOver(_token, claimKey, stranger, nonce, 0, 0);
        try ledger.claim(over, release, claim) {
            _holds(false);
        } catch {}
        _equal(ledger.ownerOf(_token), studio);
        _equal(_nonce(_token), 0);
    }

    /// @dev Every member is signed: whichever is changed, the claim is refused.
    function testFuzz_AChangedMemberIsRefused(uint8 member, uint64 change) public {
        vm.assume(change != 0);
        IHandOver.HandOver memory over = _handOver(_token, buyer);
        (over.releaseDeadline, over.claimDeadline) = (START + 200, START + 200);
        (bytes memory release, bytes memory claim) = _signedBoth(over);
        member %= 6;
        if (member == 0) over.tokenId ^= change;
        if (member == 1) over.claimKey = address(uint160(over.claimKey) ^ change);
        if (member == 2) over.newHolder = address(uint160(over.newHolder) ^ change);
        if (member == 3) over.nonce ^= change;
        if (member == 4) over.releaseDeadline ^= change;
        if (member == 5) over.claimDeadline ^= change;
        try ledger.claim(over, release, claim) {
            _holds(false);
        } catch {}
        _equal(ledger.ownerOf(_token), studio);
    }
}
