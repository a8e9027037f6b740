// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControlDefaultAdminRules} from "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";

import {Holdings} from "./Holdings.sol";
import {IERC7572} from "./IERC7572.sol";
import {IPieceLedger} from "./IPieceLedger.sol";
import {ISuccession} from "./ISuccession.sol";
import {Signing} from "./Signing.sol";

/// @title The ledger of handmade pieces.
/// @dev See `IPieceLedger`, `IHandOver` and `ISuccession`. An anchor writes a few slots for thousands of tokens; every
/// token still gets its standard `Transfer` event.
contract PieceLedger is Holdings, IERC7572 {
    bytes32 private constant SET_STATUS_TYPEHASH = keccak256(
        "SetStatus(uint256 tokenId,uint8 status,address studio,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant AMEND_TYPEHASH = keccak256(
        "Amend(uint256 tokenId,bytes32 digest,address studio,uint256 nonce,uint256 deadline)"
    );

    struct Anchor {
        bytes32 root;
        uint64 time;
        uint64 blockNumber;
        uint32 leafCount;
    }

    struct Amendment {
        bytes32 digest;
        uint64 time;
        uint32 count;
    }

    address private immutable PREDECESSOR;
    uint64 private immutable PREDECESSOR_CHAIN;
    uint64 private immutable PREDECESSOR_BLOCK;

    string private _base;
    Deployment private _successor;
    mapping(uint256 anchorId => Anchor) private _anchors;
    mapping(bytes32 root => uint256 anchorId) private _anchorIds;
    mapping(uint256 tokenId => Amendment) private _amendments;

    /// @param admin Holds the default admin role, whose transfer takes `adminDelay` seconds and two steps.
    /// @param adminDelay Seconds.
    /// @param steward The first steward.
    /// @param anchorer The first anchorer.
    /// @param id 32 random bytes: signatures for another deployment must not count here.
    /// @param base What token ids are appended to in `tokenURI`.
    /// @param transferable_ Whether holders may transfer and approve as with any ERC-721; false locks every token.
    /// @param importer Imports the predecessor's state before anything else works; zero for a ledger without one.
    /// @param from The predecessor, and the block of it whose state is imported; zeros for none.
    constructor(
        address admin,
        uint48 adminDelay,
        address steward,
        address anchorer,
        bytes32 id,
        string memory base,
        bool transferable_,
        address importer,
        Deployment memory from
    ) ERC721("Kilnmark", "KILN") AccessControlDefaultAdminRules(adminDelay, admin) Signing(id) Holdings(transferable_) {
        _base = base;
        (PREDECESSOR, PREDECESSOR_CHAIN, PREDECESSOR_BLOCK) = (from.ledger, from.chainId, from.finalBlock);
        if ((importer == address(0)) != (from.ledger == address(0))) revert InvalidDeployment();
        _grantRole(STEWARD_ROLE, steward);
        _grantRole(ANCHORER_ROLE, anchorer);
        if (importer == address(0)) _sealed = true;
        else _grantRole(IMPORTER_ROLE, importer);
    }

    // --- anchoring ---------------------------------------------------------------------------------------------

    /// @inheritdoc IPieceLedger
    function anchor(
        bytes32 root,
        uint32 leafCount,
        uint32 expectedFirstLot,
        Allotment[] calldata allotments
    ) external onlyRoleOrImporter(ANCHORER_ROLE) returns (uint256 anchorId) {
        if (root == 0) revert ZeroRoot();
        if (_anchorIds[root] != 0) revert RootAlreadyAnchored(root, _anchorIds[root]);
        uint32 lotId = _lotCount + 1;
        if (expectedFirstLot != lotId) revert UnexpectedLot(expectedFirstLot, lotId);

        anchorId = ++_anchorCount;
        _anchors[anchorId] = Anchor(root, _now(), _sealed ? uint64(block.number) : _clockBlock, leafCount);
        _anchorIds[root] = anchorId;
        _lotCount += uint32(allotments.length);
        emit Anchored(anchorId, root, leafCount, lotId, allotments);

        uint256 offset = 0;
        for (uint256 i = 0; i < allotments.length; ++i) {
            Allotment calldata share = allotments[i];
            if (share.count == 0) revert LeafCountMismatch(leafCount, offset);
            if (!inGoodStanding(share.studio)) revert StudioNotInGoodStanding(share.studio);
            // The sum is checked below, before anything can be kept: here it only must not wrap.
            _lots[lotId] = Lot(share.studio, share.count, uint32(anchorId), uint32(offset));
            unchecked {
                offset += share.count; // Far below 2^256: a count has 32 bits.
            }
            _increaseBalance(share.studio, share.count);
            _announce(share.studio, uint256(lotId) << 32, share.count);
            ++lotId;
        }
        if (offset != leafCount || leafCount == 0) revert LeafCountMismatch(leafCount, offset);
    }

    function _announce(address studio, uint256 firstToken, uint256 count) private {
        unchecked {
            for (uint256 tokenId = firstToken; tokenId < firstToken + count; ++tokenId) {
                emit Transfer(address(0), studio, tokenId);
            }
        }
    }

    // --- status and amendments ---------------------------------------------------------------------------------

    /// @inheritdoc IPieceLedger
    function setStatus(uint256 tokenId, Status status) external whenSealed {
        bool bySteward = hasRole(STEWARD_ROLE, msg.sender);
        address studio = _studioOf(tokenId);
        if (!bySteward && msg.sender != _controllerOf(studio)) revert NotTheStudio(tokenId, msg.sender);
        _setStatus(tokenId, status, studio, bySteward);
    }

    /// @inheritdoc IPieceLedger
    function setStatusFor(
        uint256 tokenId,
        Status status,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external whenSealed {
        address studio = _studioOf(tokenId);
        _requireOrder(SET_STATUS_TYPEHASH, tokenId, uint256(status), studio, nonce, deadline, signature);
        _setStatus(tokenId, status, studio, false);
    }

    function _setStatus(uint256 tokenId, Status status, address studio, bool bySteward) private {
        TokenState storage state = _states[tokenId];
        // Whoever stole the controller's key must not revoke, for good, once a steward has acted.
        if (!bySteward && _isSuspended(studio)) revert StudioIsSuspended(studio, tokenId);
        if (state.status == Status.REVOKED) revert StatusIsFinal(tokenId);
        // A studio may make a steward's hold graver, never lift it.
        if (!bySteward && state.bySteward && state.status == Status.ON_HOLD && status != Status.REVOKED) {
            revert HeldBySteward(tokenId);
        }
        state.status = status;
        state.bySteward = bySteward;
        state.statusAt = uint48(block.timestamp);
        emit StatusSet(tokenId, status, bySteward);
        emit MetadataUpdate(tokenId);
    }

    /// @inheritdoc IPieceLedger
    function amend(uint256[] calldata tokenIds, bytes32[] calldata digests) external whenSealed {
        if (tokenIds.length == 0 || tokenIds.length != digests.length) revert InvalidAmendment();
        for (uint256 i = 0; i < tokenIds.length; ++i) {
            address studio = _studioOf(tokenIds[i]);
            if (msg.sender != _controllerOf(studio)) revert NotTheStudio(tokenIds[i], msg.sender);
            _amend(tokenIds[i], digests[i], studio);
        }
    }

    /// @inheritdoc IPieceLedger
    function amendFor(
        uint256 tokenId,
        bytes32 digest,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external whenSealed {
        address studio = _studioOf(tokenId);
        _requireOrder(AMEND_TYPEHASH, tokenId, uint256(digest), studio, nonce, deadline, signature);
        _amend(tokenId, digest, studio);
    }

    function _amend(uint256 tokenId, bytes32 digest, address studio) private {
        if (!inGoodStanding(studio)) revert StudioNotInGoodStanding(studio);
        // The same once more would count as an amendment that nobody can show.
        if (digest == 0 || digest == _amendments[tokenId].digest) revert InvalidAmendment();
        uint32 count = _amendments[tokenId].count + 1;
        _amendments[tokenId] = Amendment(digest, uint64(block.timestamp), count);
        emit Amended(tokenId, digest, count);
        emit MetadataUpdate(tokenId);
    }

    // --- succession --------------------------------------------------------------------------------------------

    /// @inheritdoc ISuccession
    function importPieces(ImportedPiece[] calldata pieces) external whileImporting {
        for (uint256 i = 0; i < pieces.length; ++i) {
            ImportedPiece calldata piece = pieces[i];
            if (piece.holder == address(0)) revert InvalidHolder(piece.tokenId, piece.holder);
            _studioOf(piece.tokenId);
            _importHolder(piece.tokenId, piece.holder);
            TokenState storage state = _states[piece.tokenId];
            (state.status, state.bySteward, state.statusAt) = (piece.status, piece.bySteward, piece.statusAt);
            (state.lostSince, state.nonce) = (piece.lostSince, piece.nonce);
            _amendments[piece.tokenId] = Amendment(piece.newest, piece.amendedAt, piece.amendments);
            emit PieceImported(piece.tokenId, piece);
        }
    }

    /// @inheritdoc ISuccession
    function seal() external whileImporting {
        _sealed = true;
        emit Sealed();
    }

    /// @inheritdoc ISuccession
    function nameSuccessor(
        address ledger,
        uint64 chainId,
        uint64 finalBlock
    ) external onlyRole(DEFAULT_ADMIN_ROLE) whenSealed {
        if (_successor.ledger != address(0)) revert SuccessorKnown(_successor.ledger);
        if (ledger == address(0)) revert InvalidDeployment();
        _successor = Deployment(ledger, chainId, finalBlock);
        emit SuccessorNamed(ledger, chainId, finalBlock);
    }

    /// @inheritdoc ISuccession
    function isSealed() external view returns (bool) {
        return _sealed;
    }

    /// @inheritdoc ISuccession
    function predecessor() external view returns (Deployment memory) {
        return Deployment(PREDECESSOR, PREDECESSOR_CHAIN, PREDECESSOR_BLOCK);
    }

    /// @inheritdoc ISuccession
    function successor() external view returns (Deployment memory) {
        return _successor;
    }

    // --- reading -----------------------------------------------------------------------------------------------

    /// @inheritdoc IPieceLedger
    function record(uint256 tokenId, bytes32 keyId) external view returns (Record memory result) {
        Lot storage lot = _lots[tokenId >> 32];
        result.studio = _studioOf(tokenId);
        Anchor storage anchor_ = _anchors[lot.anchorId];
        TokenState storage state = _states[tokenId];
        Amendment storage amendment = _amendments[tokenId];
        Window storage window = _keys[result.studio][keyId];
        result.didHash = _studios[result.studio].didHash;
        result.nameHash = _nameAt(result.studio, anchor_.time);
        result.holder = _ownerOf(tokenId);
        result.root = anchor_.root;
        result.anchorId = lot.anchorId;
        result.leafCount = anchor_.leafCount;
        result.leafIndex = lot.offset + uint32(tokenId);
        result.anchoredAt = anchor_.time;
        result.anchorBlock = anchor_.blockNumber;
        result.status = state.status;
        result.statusAt = state.statusAt;
        result.lostSince = _lostSince(state);
        result.standingAtAnchor = _hadStanding(result.studio, anchor_.time);
        result.standingNow = inGoodStanding(result.studio);
        result.keyStart = window.start;
        result.keyEnd = window.end;
        result.newest = amendment.digest;
        result.amendedAt = amendment.time;
        result.amendments = amendment.count;
    }

    /// @inheritdoc IPieceLedger
    function deploymentId() external view returns (bytes32) {
        return DEPLOYMENT_ID;
    }

    /// @inheritdoc IPieceLedger
    function anchorIdOf(bytes32 root) external view returns (uint256) {
        return _anchorIds[root];
    }

    /// @inheritdoc IPieceLedger
    function nextLot() external view returns (uint256) {
        return uint256(_lotCount) + 1;
    }

    /// @inheritdoc IERC7572
    function contractURI() external pure returns (string memory) {
        return
            'data:application/json;utf8,{"name":"Kilnmark","symbol":"KILN","description":'
            '"Records of handmade porcelain."}';
    }

    function _baseURI() internal view override returns (string memory) {
        return _base;
    }

    /// @inheritdoc Holdings
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return interfaceId == type(IERC7572).interfaceId || super.supportsInterface(interfaceId);
    }
}
