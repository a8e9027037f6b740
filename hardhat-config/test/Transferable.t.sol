// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IHandOver} from "../contracts/IHandOver.sol";
import {IPieceLedger} from "../contracts/IPieceLedger.sol";
import {ISuccession} from "../contracts/ISuccession.sol";
import {Ledger} from "./Base.sol";
import {Signer} from "./Signing.sol";

/// @dev Sends a piece on at once when it gets it.
contract Passing {
    address private immutable _to;

    constructor(address to) {
        _to = to;
    }

    function onERC721Received(address, address, uint256 token, bytes calldata) external returns (bytes4) {
        Ledger(msg.sender).transferFrom(address(this), _to, token);
        return this.onERC721Received.selector;
    }
}

// transfer
// ├── it reverts when
// │   ├── the studio holds it
// │   ├── an operator of the studio takes an unsold piece
// │   ├── by a stranger
// │   ├── the receiver is nobody
// │   ├── the ledger still imports
// │   └── lost
// └── otherwise
//     ├── by the holder voids releases and recoveries
//     ├── by one approved once
//     ├── by an operator
//     ├── between buyers tells no lock
//     └── the lock is told
// safeTransfer
// └── otherwise
//     └── a receiver that acts at once changes nothing
contract TransferableTest is Signer {
    uint256 private _token;

    event Locked(uint256 tokenId);
    event Unlocked(uint256 tokenId);

    function setUp() public override {
        super.setUp();
        ledger = _deploy(ID, true, address(0));
        _token = _pieces();
        _give(STUDIO_SECRET, _token, buyer);
    }

    function _transfer(address account, address from, address to, uint256 token) private {
        vm.prank(account);
        ledger.transferFrom(from, to, token);
    }

    function test_Transfer_RevertWhen_TheStudioHoldsIt() public {
        _holds(ledger.locked(_token + 1));
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.TokenLocked.selector));
        _transfer(studio, studio, stranger, _token + 1);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.TokenLocked.selector));
        vm.prank(studio);
        ledger.approve(stranger, _token + 1);
    }

    function test_Transfer_RevertWhen_AnOperatorOfTheStudioTakesAnUnsoldPiece() public {
        vm.prank(studio);
        ledger.setApprovalForAll(stranger, true);
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.TokenLocked.selector));
        _transfer(stranger, studio, stranger, _token + 1);
    }

    function test_Transfer_RevertWhen_ByAStranger() public {
        vm.expectRevert(abi.encodeWithSignature("ERC721InsufficientApproval(address,uint256)", stranger, _token));
        _transfer(stranger, buyer, stranger, _token);
    }

    function test_Transfer_RevertWhen_TheReceiverIsNobody() public {
        vm.expectRevert(abi.encodeWithSignature("ERC721InvalidReceiver(address)", address(0)));
        _transfer(buyer, buyer, address(0), _token);
    }

    function test_Transfer_RevertWhen_TheLedgerStillImports() public {
        address importer = address(0x13);
        ledger = _deploy(keccak256("successor"), true, importer);
        vm.prank(importer);
        ledger.setClock(START, 1);
        vm.prank(importer);
        ledger.accredit(studio, DID, "Kiln", 1);
        vm.prank(importer);
        ledger.anchor(ROOT, 1, 1, _lot(studio, 1));
        ISuccession.ImportedPiece[] memory pieces = new ISuccession.ImportedPiece[](1);
        (pieces[0].tokenId, pieces[0].holder) = (_token, buyer);
        vm.prank(importer);
        ledger.importPieces(pieces);
        _holds(!ledger.locked(_token));
        vm.expectRevert(abi.encodeWithSelector(ISuccession.NotSealed.selector));
        _transfer(buyer, buyer, other, _token);
    }

    function test_Transfer_RevertWhen_Lost() public {
        vm.prank(buyer);
        ledger.reportLost(_token);
        vm.expectRevert(abi.encodeWithSelector(IHandOver.PieceIsLost.selector, _token, START));
        _transfer(buyer, buyer, other, _token);
    }

    function test_Transfer_ByTheHolderVoidsReleasesAndRecoveries() public {
        IHandOver.HandOver memory over = _handOver(_token, stranger);
        bytes memory release = _release(BUYER_SECRET, over);
        bytes memory claim = _claimSignature(CLAIM_SECRET, over);
        vm.prank(steward);
        ledger.proposeRecovery(_token, stranger);
        vm.expectEmit(true, true, true, true);
        emit IHandOver.Moved(_token, buyer, other, 2);
        _transfer(buyer, buyer, other, _token);
        vm.expectRevert(abi.encodeWithSelector(IHandOver.WrongPieceNonce.selector, _token, 2, 1));
        _send(over, release, claim);
        _equal(ledger.holding(_token).heir, address(0));
    }

    function test_Transfer_ByOneApprovedOnce() public {
        vm.prank(buyer);
        ledger.approve(other, _token);
        _transfer(other, buyer, other, _token);
        _equal(ledger.ownerOf(_token), other);
        _equal(ledger.getApproved(_token), address(0));
    }

    function test_Transfer_ByAnOperator() public {
        vm.prank(buyer);
        ledger.setApprovalForAll(other, true);
        _holds(ledger.isApprovedForAll(buyer, other));
        _transfer(other, buyer, other, _token);
        _equal(ledger.ownerOf(_token), other);
    }

    function test_Transfer_BetweenBuyersTellsNoLock() public {
        vm.recordLogs();
        _transfer(buyer, buyer, other, _token);
        _equal(_told("Unlocked(uint256)"), 0);
    }

    function test_Transfer_TheLockIsTold() public {
        vm.expectEmit(true, true, true, true);
        emit Unlocked(_token + 1);
        _give(STUDIO_SECRET, _token + 1, buyer);
        _holds(!ledger.locked(_token + 1));
        vm.expectEmit(true, true, true, true);
        emit Locked(_token + 1);
        _transfer(buyer, buyer, studio, _token + 1);
        _holds(ledger.locked(_token + 1));
    }

    function test_SafeTransfer_AReceiverThatActsAtOnceChangesNothing() public {
        address passing = address(new Passing(other));
        vm.prank(buyer);
        ledger.safeTransferFrom(buyer, passing, _token);
        _equal(ledger.ownerOf(_token), other);
        _equal(ledger.balanceOf(passing), 0);
        _equal(ledger.balanceOf(other), 1);
        _equal(_nonce(_token), 3);
    }
}
