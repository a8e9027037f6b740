// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IHandOver} from "../contracts/IHandOver.sol";
import {IPieceLedger} from "../contracts/IPieceLedger.sol";
import {ISuccession} from "../contracts/ISuccession.sol";
import {Ledger} from "./Base.sol";
import {Signer} from "./Signing.sol";

// import
// ├── it reverts when
// │   ├── the caller is not the importer
// │   └── a recovery is proposed
// └── otherwise
//     ├── records are those of the predecessor
//     ├── tells
//     ├── a change of controller is played again
//     ├── an anchor counts in the block of the clock
//     ├── exemptions are played again
//     ├── a loss does not lapse while nobody can undo that
//     └── the lock of a transferable ledger is told
// setClock
// ├── it reverts when
// │   ├── the time goes back
// │   └── it goes past now
// └── otherwise
//     ├── the block may go back
//     └── may stand still
// beforeTheClockIsSet
// └── it reverts when
//     ├── accrediting
//     ├── suspending
//     ├── reinstating
//     ├── adding a key
//     ├── shortening a key
//     ├── proposing a controller
//     ├── anchoring
//     └── exempting
// importPieces
// ├── it reverts when
// │   └── the holder is nobody or the token unknown
// └── otherwise
//     ├── tells no transfer where the studio still holds it
//     └── tells a transfer where a buyer holds it
// beforeSealing
// └── otherwise
//     └── nothing else works
// seal
// └── otherwise
//     ├── ends the import for ever
//     ├── everything works at the time of now
//     └── releases signed for the predecessor are worthless
// withoutAnImporter
// └── otherwise
//     └── nothing is imported
// constructor
// └── it reverts when
//     └── only one of importer and predecessor is given
// nameSuccessor
// ├── it reverts when
// │   ├── the caller is not the admin
// │   └── the ledger is nobody
// └── otherwise
//     └── tells once
contract SuccessionTest is Signer {
    bytes32 private constant IMPORTER = keccak256("IMPORTER_ROLE");
    address private _importer = address(0x13);
    Ledger private _old;
    uint256 private _token;

    /// @dev The predecessor has an anchor of 2026, a studio suspended since, and a piece that was sold, amended and lost.
    function setUp() public override {
        super.setUp();
        _token = _pieces();
        _addKey();
        _later(100);
        _give(STUDIO_SECRET, _token, buyer);
        _setStatus(steward, _token, IPieceLedger.Status.ON_HOLD);
        vm.prank(buyer);
        ledger.reportLost(_token);
        uint256[] memory tokens = new uint256[](1);
        bytes32[] memory digests = new bytes32[](1);
        (tokens[0], digests[0]) = (_token, DIGEST);
        vm.prank(studio);
        ledger.amend(tokens, digests);
        _later(100);
        _suspend();
        _later(365 days);
        _old = ledger;
        ledger = _deploy(keccak256("successor"), false, _importer);
    }

    function _clock(uint64 time) private {
        vm.prank(_importer);
        ledger.setClock(time, time - START + 1);
    }

    function _seal() private {
        vm.prank(_importer);
        ledger.seal();
    }

    function _importDirectoryAndAnchor() private {
        _clock(START);
        vm.prank(_importer);
        ledger.accredit(studio, DID, "Kiln", 1);
        vm.prank(_importer);
        ledger.anchor(keccak256(abi.encode(ROOT, uint32(1))), 3, 1, _lot(studio, 3));
        vm.prank(_importer);
        ledger.addKey(studio, multikey);
        _clock(START + 200);
        vm.prank(_importer);
        ledger.suspend(studio);
    }

    function _piece() private view returns (ISuccession.ImportedPiece[] memory pieces) {
        pieces = new ISuccession.ImportedPiece[](1);
        IPieceLedger.Record memory old = _old.record(_token, keyId);
        pieces[0] = ISuccession.ImportedPiece(
            _token,
            old.holder,
            _old.holding(_token).nonce,
            old.status,
            true,
            uint48(old.statusAt),
            uint48(old.lostSince),
            old.newest,
            old.amendedAt,
            old.amendments
        );
    }

    function _import() private {
        _importDirectoryAndAnchor();
        ISuccession.ImportedPiece[] memory pieces = _piece();
        vm.prank(_importer);
        ledger.importPieces(pieces);
        vm.prank(_importer);
        ledger.importOrderNonce(studio, 5);
    }

    function _notSealed() private {
        vm.expectRevert(abi.encodeWithSelector(ISuccession.NotSealed.selector));
    }

    function test_Import_RecordsAreThoseOfThePredecessor() public {
        _import();
        for (uint256 i = 0; i < 3; ++i) {
            IPieceLedger.Record memory old = _old.record(_token + i, keyId);
            IPieceLedger.Record memory mine = ledger.record(_token + i, keyId);
            // The blocks are numbered otherwise in this test, where the predecessor had but one.
            mine.anchorBlock = old.anchorBlock;
            _same(keccak256(abi.encode(old)), keccak256(abi.encode(mine)));
            _same(keccak256(abi.encode(_old.holding(_token + i))), keccak256(abi.encode(ledger.holding(_token + i))));
        }
        _equal(ledger.balanceOf(studio), _old.balanceOf(studio));
        _equal(ledger.balanceOf(buyer), _old.balanceOf(buyer));
        _equal(ledger.nextLot(), _old.nextLot());
        _equal(ledger.orderNonce(studio), 5);
        _equal(ledger.record(_token, keyId).anchorBlock, 1);
    }

    function test_Import_Tells() public {
        vm.expectEmit(true, true, true, true);
        emit ISuccession.ClockSet(START, 1);
        _importDirectoryAndAnchor();
        ISuccession.ImportedPiece[] memory pieces = _piece();
        vm.expectEmit(true, true, true, true);
        emit ISuccession.PieceImported(_token, pieces[0]);
        vm.prank(_importer);
        ledger.importPieces(pieces);
        vm.expectEmit(true, true, true, true);
        emit ISuccession.OrderNonceImported(studio, 5);
        vm.prank(_importer);
        ledger.importOrderNonce(studio, 5);
        vm.expectEmit(true, true, true, true);
        emit ISuccession.Sealed();
        _seal();
        _holds(ledger.isSealed());
        ISuccession.Deployment memory from = ledger.predecessor();
        _equal(from.ledger, address(_old));
        _equal(from.chainId, block.chainid);
        _equal(from.finalBlock, 1_000);
    }

    function test_Import_AChangeOfControllerIsPlayedAgain() public {
        _importDirectoryAndAnchor();
        vm.prank(_importer);
        ledger.proposeController(studio, buyer);
        _clock(START + 300);
        vm.prank(_importer);
        ledger.proposeController(studio, other);
        _seal();
        (address controller, , ) = ledger.controllerOf(studio);
        _equal(controller, other);
    }

    function test_SetClock_RevertWhen_TheTimeGoesBack() public {
        _clock(START + 1);
        vm.expectRevert(abi.encodeWithSelector(ISuccession.WrongClock.selector, START));
        vm.prank(_importer);
        ledger.setClock(START, 2);
    }

    /// @dev A ledger that moved to a chain with smaller block numbers can be succeeded too.
    function test_SetClock_TheBlockMayGoBack() public {
        vm.prank(_importer);
        ledger.setClock(START, 20_000_000);
        vm.expectEmit(true, true, true, true);
        emit ISuccession.ClockSet(START + 1, 500);
        vm.prank(_importer);
        ledger.setClock(START + 1, 500);
    }

    function test_SetClock_MayStandStill() public {
        _clock(START + 1);
        _clock(START + 1);
        _holds(!ledger.isSealed());
    }

    function test_SetClock_RevertWhen_ItGoesPastNow() public {
        uint64 time = uint64(block.timestamp) + 1;
        vm.expectRevert(abi.encodeWithSelector(ISuccession.WrongClock.selector, time));
        _clock(time);
    }

    function test_Import_RevertWhen_TheCallerIsNotTheImporter() public {
        vm.expectRevert(_missingRole(admin, IMPORTER));
        vm.prank(admin);
        ledger.setClock(START, 1);
        vm.expectRevert(_missingRole(steward, IMPORTER));
        vm.prank(steward);
        ledger.accredit(studio, DID, "Kiln", 1);
        vm.expectRevert(_missingRole(anchorer, IMPORTER));
        vm.prank(anchorer);
        ledger.anchor(ROOT, 1, 1, _lot(studio, 1));
        vm.expectRevert(_missingRole(stranger, IMPORTER));
        vm.prank(stranger);
        ledger.importPieces(new ISuccession.ImportedPiece[](0));
        vm.expectRevert(_missingRole(stranger, IMPORTER));
        vm.prank(stranger);
        ledger.importOrderNonce(studio, 1);
        vm.expectRevert(_missingRole(admin, IMPORTER));
        vm.prank(admin);
        ledger.seal();
    }

    /// @dev What is played again before the clock is set would have happened at no time.
    function _withoutAClock() private {
        vm.expectRevert(abi.encodeWithSelector(ISuccession.WrongClock.selector, 0));
        vm.prank(_importer);
    }

    function test_BeforeTheClockIsSet_RevertWhen_Accrediting() public {
        _withoutAClock();
        ledger.accredit(studio, DID, "Kiln", 1);
    }

    function test_BeforeTheClockIsSet_RevertWhen_Suspending() public {
        _withoutAClock();
        ledger.suspend(studio);
    }

    function test_BeforeTheClockIsSet_RevertWhen_Reinstating() public {
        _withoutAClock();
        ledger.reinstate(studio);
    }

    function test_BeforeTheClockIsSet_RevertWhen_AddingAKey() public {
        _withoutAClock();
        ledger.addKey(studio, multikey);
    }

    function test_BeforeTheClockIsSet_RevertWhen_ShorteningAKey() public {
        _withoutAClock();
        ledger.shortenKey(studio, keyId, 0);
    }

    function test_BeforeTheClockIsSet_RevertWhen_ProposingAController() public {
        _withoutAClock();
        ledger.proposeController(studio, other);
    }

    function test_BeforeTheClockIsSet_RevertWhen_Anchoring() public {
        _withoutAClock();
        ledger.anchor(ROOT, 1, 1, _lot(studio, 1));
    }

    function test_BeforeTheClockIsSet_RevertWhen_Exempting() public {
        _withoutAClock();
        ledger.setExemption(_token, claimKey);
    }

    function test_ImportPieces_TellsNoTransferWhereTheStudioStillHoldsIt() public {
        _importDirectoryAndAnchor();
        ISuccession.ImportedPiece[] memory pieces = new ISuccession.ImportedPiece[](1);
        (pieces[0].tokenId, pieces[0].holder) = (_token + 1, studio);
        vm.recordLogs();
        vm.prank(_importer);
        ledger.importPieces(pieces);
        _equal(_told("Transfer(address,address,uint256)"), 0);
        _equal(ledger.balanceOf(studio), 3);
    }

    function test_ImportPieces_TellsATransferWhereABuyerHoldsIt() public {
        _importDirectoryAndAnchor();
        ISuccession.ImportedPiece[] memory pieces = _piece();
        vm.recordLogs();
        vm.prank(_importer);
        ledger.importPieces(pieces);
        _equal(_told("Transfer(address,address,uint256)"), 1);
        _equal(ledger.balanceOf(studio), 2);
    }

    function test_Import_AnAnchorCountsInTheBlockOfTheClock() public {
        vm.prank(_importer);
        ledger.setClock(START, 77);
        vm.prank(_importer);
        ledger.accredit(studio, DID, "Kiln", 1);
        vm.prank(_importer);
        ledger.anchor(ROOT, 1, 1, _lot(studio, 1));
        vm.roll(123);
        _equal(_record(_token).anchorBlock, 77);
        _seal();
        _equal(_record(_anchor(1)).anchorBlock, 123);
    }

    function test_Import_ExemptionsArePlayedAgain() public {
        _import();
        vm.prank(_importer);
        ledger.setExemption(_token + 1, claimKey);
        _equal(ledger.holding(_token + 1).exemptKey, claimKey);
        _seal();
        _equal(ledger.holding(_token + 1).exemptKey, claimKey);
    }

    /// @dev A recovery that was nearly due must not be executed before its holder can veto it here.
    function test_Import_RevertWhen_ARecoveryIsProposed() public {
        _import();
        _notSealed();
        vm.prank(_importer);
        ledger.proposeRecovery(_token, other);
        _notSealed();
        vm.prank(steward);
        ledger.proposeRecovery(_token, other);
        _seal();
        vm.prank(steward);
        ledger.proposeRecovery(_token, other);
        _equal(ledger.holding(_token).recoveryFrom, block.timestamp + 30 days);
    }

    /// @dev A report taken back before the final block is lost here until somebody takes it back again.
    function test_Import_ALossDoesNotLapseWhileNobodyCanUndoThat() public {
        vm.prank(buyer);
        _old.reportFound(_token);
        _import();
        _later(30 days);
        _seal();
        _holds(ledger.record(_token, keyId).lostSince != 0);
        vm.prank(buyer);
        ledger.reportFound(_token);
        _later(7 days);
        _equal(ledger.record(_token, keyId).lostSince, 0);
    }

    function test_Import_TheLockOfATransferableLedgerIsTold() public {
        ledger = _deploy(keccak256("transferable"), true, _importer);
        _importDirectoryAndAnchor();
        ISuccession.ImportedPiece[] memory pieces = _piece();
        vm.recordLogs();
        vm.prank(_importer);
        ledger.importPieces(pieces);
        _equal(_told("Unlocked(uint256)"), 1);
        pieces[0].holder = studio;
        vm.recordLogs();
        vm.prank(_importer);
        ledger.importPieces(pieces);
        _equal(_told("Locked(uint256)"), 1);
    }

    function test_ImportPieces_RevertWhen_TheHolderIsNobodyOrTheTokenUnknown() public {
        ISuccession.ImportedPiece[] memory pieces = _piece();
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.UnknownToken.selector, _token));
        vm.prank(_importer);
        ledger.importPieces(pieces);
        pieces[0].holder = address(0);
        vm.expectRevert(abi.encodeWithSelector(IHandOver.InvalidHolder.selector, _token, address(0)));
        vm.prank(_importer);
        ledger.importPieces(pieces);
    }

    function test_BeforeSealing_NothingElseWorks() public {
        _import();
        IHandOver.HandOver memory over = _handOver(_token + 1, buyer);
        _notSealed();
        ledger.claim(over, "", "");
        _notSealed();
        ledger.cancelReleases(_token);
        _notSealed();
        ledger.reportLost(_token);
        _notSealed();
        ledger.reportFound(_token);
        vm.prank(steward);
        _notSealed();
        ledger.reportFound(_token);
        _notSealed();
        ledger.vetoRecovery(_token);
        vm.prank(steward);
        _notSealed();
        ledger.vetoRecovery(_token);
        _notSealed();
        ledger.executeRecovery(_token);
        _notSealed();
        ledger.holderOrderFor(IHandOver.HolderOrder.REPORT_LOST, _token, 0, 0, "");
        _notSealed();
        ledger.setStatus(_token, IPieceLedger.Status.REVOKED);
        _notSealed();
        ledger.setStatusFor(_token, IPieceLedger.Status.REVOKED, 0, 0, "");
        _notSealed();
        ledger.amend(new uint256[](1), new bytes32[](1));
        _notSealed();
        ledger.amendFor(_token, DIGEST, 0, 0, "");
        vm.prank(admin);
        _notSealed();
        ledger.nameSuccessor(other, 1, 1);
    }

    function test_Seal_EndsTheImportForEver() public {
        _import();
        _seal();
        bytes memory ended = abi.encodeWithSelector(ISuccession.AlreadySealed.selector);
        vm.expectRevert(ended);
        _clock(START + 400);
        vm.expectRevert(ended);
        vm.prank(_importer);
        ledger.importPieces(new ISuccession.ImportedPiece[](0));
        vm.expectRevert(ended);
        vm.prank(_importer);
        ledger.importOrderNonce(studio, 6);
        vm.expectRevert(ended);
        _seal();
        vm.expectRevert(_missingRole(_importer, ANCHORER));
        vm.prank(_importer);
        ledger.anchor(ROOT, 1, 2, _lot(studio, 1));
        vm.expectRevert(_missingRole(_importer, STEWARD));
        vm.prank(_importer);
        ledger.reinstate(studio);
    }

    function test_Seal_EverythingWorksAtTheTimeOfNow() public {
        _import();
        _seal();
        _reinstate();
        uint256 token = _anchor(2);
        _equal(ledger.record(token, keyId).anchoredAt, block.timestamp);
        vm.prank(steward);
        ledger.reportFound(_token);
        _give(BUYER_SECRET, _token, other);
        _equal(ledger.ownerOf(_token), other);
    }

    function test_Seal_ReleasesSignedForThePredecessorAreWorthless() public {
        IHandOver.HandOver memory over = IHandOver.HandOver(_token + 1, claimKey, buyer, 0, 0, 0);
        bytes memory release = _signed(STUDIO_SECRET, _releaseDigest(_old, _token + 1, claimKey, 0, 0));
        _import();
        _seal();
        _reinstate();
        vm.expectRevert(abi.encodeWithSelector(IHandOver.InvalidHolderSignature.selector, _token + 1, studio));
        _send(over, release, "");
    }

    function test_WithoutAnImporter_NothingIsImported() public {
        ledger = _old;
        _holds(ledger.isSealed());
        _equal(ledger.predecessor().ledger, address(0));
        vm.expectRevert(_missingRole(_importer, IMPORTER));
        _clock(START);
        vm.prank(admin);
        ledger.grantRole(IMPORTER, _importer);
        vm.expectRevert(abi.encodeWithSelector(ISuccession.AlreadySealed.selector));
        _clock(START);
    }

    function test_Constructor_RevertWhen_OnlyOneOfImporterAndPredecessorIsGiven() public {
        ISuccession.Deployment memory none;
        ISuccession.Deployment memory from = ISuccession.Deployment(address(_old), 1, 1);
        vm.expectRevert(abi.encodeWithSelector(ISuccession.InvalidDeployment.selector));
        _create(ID, "", false, _importer, none);
        vm.expectRevert(abi.encodeWithSelector(ISuccession.InvalidDeployment.selector));
        _create(ID, "", false, address(0), from);
    }

    // --- nameSuccessor

    function test_NameSuccessor_RevertWhen_TheCallerIsNotTheAdmin() public {
        vm.expectRevert(_missingRole(steward, 0));
        vm.prank(steward);
        _old.nameSuccessor(address(ledger), 1, 9);
    }

    function test_NameSuccessor_RevertWhen_TheLedgerIsNobody() public {
        vm.expectRevert(abi.encodeWithSelector(ISuccession.InvalidDeployment.selector));
        vm.prank(admin);
        _old.nameSuccessor(address(0), 1, 9);
    }

    function test_NameSuccessor_TellsOnce() public {
        vm.expectEmit(true, true, true, true);
        emit ISuccession.SuccessorNamed(address(ledger), 1, 9);
        vm.prank(admin);
        _old.nameSuccessor(address(ledger), 1, 9);
        _equal(_old.successor().ledger, address(ledger));
        vm.expectRevert(abi.encodeWithSelector(ISuccession.SuccessorKnown.selector, address(ledger)));
        vm.prank(admin);
        _old.nameSuccessor(other, 1, 9);
    }
}
