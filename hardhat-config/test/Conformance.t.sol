// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPieceLedger} from "../contracts/IPieceLedger.sol";
import {Signer} from "./Signing.sol";

/// @dev Answers as it is told when it gets a token, and remembers what it was asked.
contract Receiver {
    bytes4 private immutable _answer;
    bytes32 public asked;

    constructor(bytes4 answer) {
        _answer = answer;
    }

    function onERC721Received(
        address operator,
        address from,
        uint256 token,
        bytes calldata data
    ) external returns (bytes4) {
        if (_answer == 0xdeadbeef) revert("no");
        asked = keccak256(abi.encode(operator, from, token, data));
        return _answer;
    }
}

// transferFrom
// ├── it reverts when
// │   ├── the caller is neither owner nor operator nor approved
// │   ├── from is not the owner
// │   ├── to is zero
// │   └── the token is not valid
// └── otherwise
//     ├── tells and resets the approved address
//     └── asks no receiver
// safeTransferFrom
// ├── it reverts when
// │   ├── the caller is neither owner nor operator nor approved
// │   ├── from is not the owner
// │   ├── to is zero
// │   ├── the token is not valid
// │   ├── a contract answers anything else
// │   └── a contract throws
// └── otherwise
//     ├── asks a contract with what it was given
//     └── without data gives none
// approve
// ├── it reverts when
// │   └── the caller is neither owner nor operator
// └── otherwise
//     ├── by an operator
//     ├── of zero takes it back and tells
//     └── again is told again
// setApprovalForAll
// └── otherwise
//     ├── takes several operators and tells
//     ├── is taken back
//     └── reaches no other owners tokens
// getApproved
// └── it reverts when
//     └── the token is not valid
// locked
// ├── it reverts when
// │   └── transferred
// └── otherwise
//     └── changes are told
contract ConformanceTransferableTest is Signer {
    bytes4 private constant MAGIC = 0x150b7a02;
    uint256 private _token;

    event Transfer(address indexed from, address indexed to, uint256 indexed tokenId);
    event Approval(address indexed owner, address indexed approved, uint256 indexed tokenId);
    event ApprovalForAll(address indexed owner, address indexed operator, bool approved);
    event Locked(uint256 tokenId);
    event Unlocked(uint256 tokenId);

    function setUp() public override {
        super.setUp();
        ledger = _deploy(ID, true, address(0));
        _token = _pieces();
        _give(STUDIO_SECRET, _token, buyer);
    }

    function _unauthorised(address account, uint256 token) private pure returns (bytes memory) {
        return abi.encodeWithSignature("ERC721InsufficientApproval(address,uint256)", account, token);
    }

    function _unknown(uint256 token) private pure returns (bytes memory) {
        return abi.encodeWithSignature("ERC721NonexistentToken(uint256)", token);
    }

    function _badReceiver(address to) private pure returns (bytes memory) {
        return abi.encodeWithSignature("ERC721InvalidReceiver(address)", to);
    }

    // --- ERC-721: transferFrom. "Throws unless" the caller is owner, operator or approved.

    function test_TransferFrom_RevertWhen_TheCallerIsNeitherOwnerNorOperatorNorApproved() public {
        vm.expectRevert(_unauthorised(stranger, _token));
        vm.prank(stranger);
        ledger.transferFrom(buyer, other, _token);
    }

    /// @dev "Throws if `_from` is not the current owner", whoever calls.
    function test_TransferFrom_RevertWhen_FromIsNotTheOwner() public {
        vm.expectRevert(abi.encodeWithSignature("ERC721IncorrectOwner(address,uint256,address)", other, _token, buyer));
        vm.prank(buyer);
        ledger.transferFrom(other, stranger, _token);
    }

    /// @dev "Throws if `_to` is the zero address": and so nothing is burnt.
    function test_TransferFrom_RevertWhen_ToIsZero() public {
        vm.expectRevert(_badReceiver(address(0)));
        vm.prank(buyer);
        ledger.transferFrom(buyer, address(0), _token);
    }

    /// @dev "Throws if `_tokenId` is not a valid NFT."
    function test_TransferFrom_RevertWhen_TheTokenIsNotValid() public {
        vm.expectRevert(_unknown(_token + 3));
        vm.prank(buyer);
        ledger.transferFrom(buyer, other, _token + 3);
    }

    /// @dev "Emits when ownership changes by any mechanism", and "the approved address is reset to none".
    function test_TransferFrom_TellsAndResetsTheApprovedAddress() public {
        vm.prank(buyer);
        ledger.approve(stranger, _token);
        vm.expectEmit(true, true, true, true);
        emit Transfer(buyer, other, _token);
        vm.prank(buyer);
        ledger.transferFrom(buyer, other, _token);
        _equal(ledger.getApproved(_token), address(0));
        _equal(ledger.ownerOf(_token), other);
    }

    /// @dev A contract that knows nothing of tokens gets one all the same: the caller is responsible.
    function test_TransferFrom_AsksNoReceiver() public {
        address mute = address(new Receiver(0));
        vm.prank(buyer);
        ledger.transferFrom(buyer, mute, _token);
        _equal(ledger.ownerOf(_token), mute);
    }

    // --- ERC-721: safeTransferFrom

    function test_SafeTransferFrom_RevertWhen_TheCallerIsNeitherOwnerNorOperatorNorApproved() public {
        vm.expectRevert(_unauthorised(stranger, _token));
        vm.prank(stranger);
        ledger.safeTransferFrom(buyer, other, _token);
    }

    function test_SafeTransferFrom_RevertWhen_FromIsNotTheOwner() public {
        vm.expectRevert(abi.encodeWithSignature("ERC721IncorrectOwner(address,uint256,address)", other, _token, buyer));
        vm.prank(buyer);
        ledger.safeTransferFrom(other, stranger, _token);
    }

    function test_SafeTransferFrom_RevertWhen_ToIsZero() public {
        vm.expectRevert(_badReceiver(address(0)));
        vm.prank(buyer);
        ledger.safeTransferFrom(buyer, address(0), _token);
    }

    function test_SafeTransferFrom_RevertWhen_TheTokenIsNotValid() public {
        vm.expectRevert(_unknown(_token + 3));
        vm.prank(buyer);
        ledger.safeTransferFrom(buyer, other, _token + 3);
    }

    /// @dev "Throws if the return value is not" the magic one.
    function test_SafeTransferFrom_RevertWhen_AContractAnswersAnythingElse() public {
        address to = address(new Receiver(0x12345678));
        vm.expectRevert(_badReceiver(to));
        vm.prank(buyer);
        ledger.safeTransferFrom(buyer, to, _token);
    }

    function test_SafeTransferFrom_RevertWhen_AContractThrows() public {
        address to = address(new Receiver(0xdeadbeef));
        vm.expectRevert(abi.encodeWithSignature("Error(string)", "no"));
        vm.prank(buyer);
        ledger.safeTransferFrom(buyer, to, _token);
    }

    /// @dev "When transfer is complete" the receiver is asked, with the caller, the former owner and the data.
    function test_SafeTransferFrom_AsksAContractWithWhatItWasGiven() public {
        Receiver to = new Receiver(MAGIC);
        vm.prank(buyer);
        ledger.approve(other, _token);
        vm.prank(other);
        ledger.safeTransferFrom(buyer, address(to), _token, "data");
        _same(to.asked(), keccak256(abi.encode(other, buyer, _token, bytes("data"))));
        _equal(ledger.ownerOf(_token), address(to));
    }

    /// @dev Without data "this sets data to ''".
    function test_SafeTransferFrom_WithoutDataGivesNone() public {
        Receiver to = new Receiver(MAGIC);
        vm.prank(buyer);
        ledger.safeTransferFrom(buyer, address(to), _token);
        _same(to.asked(), keccak256(abi.encode(buyer, buyer, _token, bytes(""))));
    }

    // --- ERC-721: approve, setApprovalForAll, getApproved

    /// @dev "Throws unless the caller is the current owner, or an authorised operator": being approved is not enough.
    function test_Approve_RevertWhen_TheCallerIsNeitherOwnerNorOperator() public {
        vm.prank(buyer);
        ledger.approve(other, _token);
        vm.expectRevert(abi.encodeWithSignature("ERC721InvalidApprover(address)", other));
        vm.prank(other);
        ledger.approve(stranger, _token);
    }

    function test_Approve_ByAnOperator() public {
        vm.prank(buyer);
        ledger.setApprovalForAll(other, true);
        vm.expectEmit(true, true, true, true);
        emit Approval(buyer, stranger, _token);
        vm.prank(other);
        ledger.approve(stranger, _token);
        _equal(ledger.getApproved(_token), stranger);
    }

    /// @dev "The zero address indicates there is no approved address", and each change or reaffirmation is told.
    function test_Approve_OfZeroTakesItBackAndTells() public {
        vm.prank(buyer);
        ledger.approve(other, _token);
        vm.expectEmit(true, true, true, true);
        emit Approval(buyer, address(0), _token);
        vm.prank(buyer);
        ledger.approve(address(0), _token);
        vm.expectRevert(_unauthorised(other, _token));
        vm.prank(other);
        ledger.transferFrom(buyer, other, _token);
    }

    function test_Approve_AgainIsToldAgain() public {
        vm.prank(buyer);
        ledger.approve(other, _token);
        vm.expectEmit(true, true, true, true);
        emit Approval(buyer, other, _token);
        vm.prank(buyer);
        ledger.approve(other, _token);
    }

    /// @dev "MUST allow multiple operators per owner", and tells.
    function test_SetApprovalForAll_TakesSeveralOperatorsAndTells() public {
        vm.expectEmit(true, true, true, true);
        emit ApprovalForAll(buyer, other, true);
        vm.prank(buyer);
        ledger.setApprovalForAll(other, true);
        vm.prank(buyer);
        ledger.setApprovalForAll(stranger, true);
        _holds(ledger.isApprovedForAll(buyer, other) && ledger.isApprovedForAll(buyer, stranger));
    }

    function test_SetApprovalForAll_IsTakenBack() public {
        vm.prank(buyer);
        ledger.setApprovalForAll(other, true);
        vm.expectEmit(true, true, true, true);
        emit ApprovalForAll(buyer, other, false);
        vm.prank(buyer);
        ledger.setApprovalForAll(other, false);
        _holds(!ledger.isApprovedForAll(buyer, other));
        vm.expectRevert(_unauthorised(other, _token));
        vm.prank(other);
        ledger.transferFrom(buyer, other, _token);
    }

    function test_SetApprovalForAll_ReachesNoOtherOwnersTokens() public {
        _give(STUDIO_SECRET, _token + 1, stranger);
        vm.prank(buyer);
        ledger.setApprovalForAll(other, true);
        vm.expectRevert(_unauthorised(other, _token + 1));
        vm.prank(other);
        ledger.transferFrom(stranger, other, _token + 1);
    }

    function test_GetApproved_RevertWhen_TheTokenIsNotValid() public {
        vm.expectRevert(_unknown(_token + 3));
        ledger.getApproved(_token + 3);
    }

    // --- ERC-5192

    /// @dev "Emitted when the locking status is changed": to unlocked by the studio's hand-over, back by its return.
    function test_Locked_ChangesAreTold() public {
        _holds(ledger.locked(_token + 1));
        vm.expectEmit(true, true, true, true);
        emit Unlocked(_token + 1);
        _give(STUDIO_SECRET, _token + 1, buyer);
        _holds(!ledger.locked(_token + 1));
        vm.expectEmit(true, true, true, true);
        emit Locked(_token + 1);
        _give(BUYER_SECRET, _token + 1, studio);
        _holds(ledger.locked(_token + 1));
    }

    /// @dev Transfer functions "must throw" while `locked` is true.
    function test_Locked_RevertWhen_Transferred() public {
        vm.expectRevert(abi.encodeWithSelector(IPieceLedger.TokenLocked.selector));
        vm.prank(studio);
        ledger.safeTransferFrom(studio, other, _token + 1);
    }
}

// erc165
// └── otherwise
//     ├── knows its interfaces and no others
//     └── answers within its gas
// erc721
// ├── it reverts when
// │   ├── the owner of an invalid token is asked
// │   └── the balance of zero is asked
// └── otherwise
//     ├── a balance may be zero
//     ├── creation is told for each token
//     ├── an id is for ever
//     └── claims and recoveries are told
// erc721Metadata
// ├── it reverts when
// │   └── the token is not valid
// └── otherwise
//     ├── has name and symbol
//     └── uris are distinct
// erc5192
// ├── it reverts when
// │   ├── the token is not valid
// │   └── transferred or approved by whatever function
// └── otherwise
//     └── no event at creation
// erc4906
// └── otherwise
//     ├── every change is told
//     └── creation is no change
// erc7572
// └── otherwise
//     └── the URI is JSON on chain
// erc5267
// └── otherwise
//     └── the domain tells its fields
contract ConformanceLockedTest is Signer {
    uint256 private _token;

    event Transfer(address indexed from, address indexed to, uint256 indexed tokenId);

    function setUp() public override {
        super.setUp();
        _token = _pieces();
    }

    function _unknown(uint256 token) private pure returns (bytes memory) {
        return abi.encodeWithSignature("ERC721NonexistentToken(uint256)", token);
    }

    // --- ERC-165

    /// @dev "The interface identifier 0x01ffc9a7" is true, "0xffffffff" false, and others by their standards.
    function test_Erc165_KnowsItsInterfacesAndNoOthers() public view {
        bytes4[5] memory known = [
            bytes4(0x01ffc9a7),
            bytes4(0x80ac58cd),
            bytes4(0x5b5e139f),
            bytes4(0x49064906),
            bytes4(0xb45a3c0e)
        ];
        for (uint256 i = 0; i < known.length; ++i) {
            _holds(ledger.supportsInterface(known[i]));
        }
        // Enumeration is not offered: it would cost a slot a token.
        _holds(!ledger.supportsInterface(0x780e9d63));
        _holds(!ledger.supportsInterface(0xffffffff));
    }

    /// @dev "Uses less than 30,000 gas", for the longest way too.
    function test_Erc165_AnswersWithinItsGas() public view {
        uint256 before = gasleft();
        _holds(!ledger.supportsInterface{gas: 30_000}(0xffffffff));
        _holds(before - gasleft() < 30_000);
    }

    // --- ERC-721: valid tokens, owners, balances

    /// @dev "NFTs assigned to the zero address are considered invalid, and queries about them do throw."
    function test_Erc721_RevertWhen_TheOwnerOfAnInvalidTokenIsAsked() public {
        vm.expectRevert(_unknown(_token + 3));
        ledger.ownerOf(_token + 3);
    }

    /// @dev The balance query "throws for queries about the zero address".
    function test_Erc721_RevertWhen_TheBalanceOfZeroIsAsked() public {
        vm.expectRevert(abi.encodeWithSignature("ERC721InvalidOwner(address)", address(0)));
        ledger.balanceOf(address(0));
    }

    function test_Erc721_ABalanceMayBeZero() public view {
        _equal(ledger.balanceOf(stranger), 0);
        _equal(ledger.balanceOf(studio), 3);
    }

    /// @dev Transfer is told "when NFTs are created (`from` == 0)", for each.
    function test_Erc721_CreationIsToldForEachToken() public {
        vm.recordLogs();
        _anchor(5);
        _equal(_told("Transfer(address,address,uint256)"), 5);
    }

    /// @dev Ids "shall not change for the life of the contract": a hand-over leaves id, lot and record.
    function test_Erc721_AnIdIsForEver() public {
        bytes32 root = _record(_token).root;
        _give(STUDIO_SECRET, _token, buyer);
        _same(_record(_token).root, root);
        _equal(ledger.ownerOf(_token), buyer);
    }

    /// @dev Ownership "changes by any mechanism" are told: by claim and by recovery as well.
    function test_Erc721_ClaimsAndRecoveriesAreTold() public {
        vm.expectEmit(true, true, true, true);
        emit Transfer(studio, buyer, _token);
        _give(STUDIO_SECRET, _token, buyer);
        vm.prank(steward);
        ledger.proposeRecovery(_token, other);
        _later(30 days);
        vm.expectEmit(true, true, true, true);
        emit Transfer(buyer, other, _token);
        ledger.executeRecovery(_token);
    }

    // --- ERC-721 metadata

    function test_Erc721Metadata_HasNameAndSymbol() public view {
        _same(keccak256(bytes(ledger.name())), keccak256("Kilnmark"));
        _same(keccak256(bytes(ledger.symbol())), keccak256("KILN"));
    }

    /// @dev "A distinct URI for a given asset"; "throws if it is not a valid NFT".
    function test_Erc721Metadata_UrisAreDistinct() public view {
        _holds(keccak256(bytes(ledger.tokenURI(_token))) != keccak256(bytes(ledger.tokenURI(_token + 1))));
    }

    function test_Erc721Metadata_RevertWhen_TheTokenIsNotValid() public {
        vm.expectRevert(_unknown(_token + 3));
        ledger.tokenURI(_token + 3);
    }

    // --- ERC-5192

    /// @dev "Queries about [invalid tokens] do throw."
    function test_Erc5192_RevertWhen_TheTokenIsNotValid() public {
        vm.expectRevert(_unknown(_token + 3));
        ledger.locked(_token + 3);
    }

    /// @dev Every function that transfers "must throw" while `locked` is true; approvals, which could only mislead, too.
    function test_Erc5192_RevertWhen_TransferredOrApprovedByWhateverFunction() public {
        bytes[5] memory calls = [
            abi.encodeWithSignature("transferFrom(address,address,uint256)", studio, other, _token),
            abi.encodeWithSignature("safeTransferFrom(address,address,uint256)", studio, other, _token),
            abi.encodeWithSignature("safeTransferFrom(address,address,uint256,bytes)", studio, other, _token, ""),
            abi.encodeWithSignature("approve(address,uint256)", other, _token),
            abi.encodeWithSignature("setApprovalForAll(address,bool)", other, true)
        ];
        _holds(ledger.locked(_token));
        for (uint256 i = 0; i < calls.length; ++i) {
            vm.prank(studio);
            (bool done, bytes memory reason) = address(ledger).call(calls[i]);
            _holds(!done && bytes4(reason) == IPieceLedger.TokenLocked.selector);
        }
    }

    /// @dev The one thing not done: the event that a locked token "should" emit at its creation. It would double what an
    /// anchor costs; `locked` says it, and IERC5192.sol.
    function test_Erc5192_NoEventAtCreation() public {
        vm.recordLogs();
        _anchor(2);
        _equal(_told("Locked(uint256)"), 0);
    }

    // --- ERC-4906

    /// @dev The event "must be emitted when the JSON metadata of a token is changed": by a status, an amendment, a loss.
    function test_Erc4906_EveryChangeIsTold() public {
        vm.recordLogs();
        _setStatus(studio, _token, IPieceLedger.Status.ON_HOLD);
        _equal(_told("MetadataUpdate(uint256)"), 1);
        uint256[] memory tokens = new uint256[](1);
        bytes32[] memory digests = new bytes32[](1);
        (tokens[0], digests[0]) = (_token, DIGEST);
        vm.recordLogs();
        vm.prank(studio);
        ledger.amend(tokens, digests);
        _equal(_told("MetadataUpdate(uint256)"), 1);
        vm.recordLogs();
        vm.prank(studio);
        ledger.reportLost(_token);
        vm.prank(steward);
        ledger.reportFound(_token);
        _equal(_told("MetadataUpdate(uint256)"), 2);
    }

    /// @dev "Not emitting [it] is recommended when a token is minted."
    function test_Erc4906_CreationIsNoChange() public {
        vm.recordLogs();
        _anchor(2);
        _equal(_told("MetadataUpdate(uint256)"), 0);
    }

    // --- ERC-7572

    /// @dev `contractURI` returns a URI, "an offchain resource or onchain JSON data string (data:application/json;utf8,{})".
    function test_Erc7572_TheUriIsJsonOnChain() public view {
        bytes memory uri = bytes(ledger.contractURI());
        bytes memory scheme = "data:application/json;utf8,{";
        for (uint256 i = 0; i < scheme.length; ++i) {
            _holds(uri[i] == scheme[i]);
        }
        _holds(uri[uri.length - 1] == "}");
    }

    // --- ERC-5267

    /// @dev The `fields` bit map names the members of the domain that are used: all five.
    function test_Erc5267_TheDomainTellsItsFields() public view {
        (bytes1 fields, , , uint256 chain, address verifier, bytes32 salt, uint256[] memory extensions) = ledger
            .eip712Domain();
        _same(fields, hex"1f");
        _equal(chain, block.chainid);
        _equal(verifier, address(ledger));
        _same(salt, ID);
        _equal(extensions.length, 0);
    }
}
