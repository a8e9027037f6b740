// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControlDefaultAdminRules} from
    "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {IERC4906} from "@openzeppelin/contracts/interfaces/IERC4906.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {IERC5192} from "./IERC5192.sol";
import {IPieceLedger} from "./IPieceLedger.sol";

/// @title The ledger of handmade pieces.
/// @dev See `IPieceLedger`. An owner is implied by the token's lot until the first hand-over, so that an anchor writes
/// a few slots for thousands of tokens; every token still gets its standard `Transfer` event.
contract PieceLedger is IPieceLedger, IERC5192, IERC4906, IERC5267, ERC721, AccessControlDefaultAdminRules {
    /// @notice The role that anchors.
    bytes32 public constant ANCHORER_ROLE = keccak256("ANCHORER_ROLE");
    /// @notice The role that keeps the directory.
    bytes32 public constant STEWARD_ROLE = keccak256("STEWARD_ROLE");
    /// @notice The scope of studios that make pieces.
    uint32 public constant SCOPE_MAKER = 1;

    uint64 private constant OPEN_END = type(uint64).max;
    bytes32 private constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)"
    );
    bytes32 private constant SET_STATUS_TYPEHASH =
        keccak256("SetStatus(uint256 tokenId,uint8 status,address studio,uint256 nonce,uint256 deadline)");
    string private constant DOMAIN_NAME = "Kilnmark PieceLedger";
    string private constant DOMAIN_VERSION = "1";

    struct Anchor {
        bytes32 root;
        uint64 time;
        uint64 blockNumber;
        uint32 leafCount;
        uint32 firstLot;
    }

    /// @dev One slot.
    struct Lot {
        address studio;
        uint32 count;
        uint32 anchorId;
        uint32 offset;
    }

    /// @dev `controller` signs for the studio; it starts as the studio's own address.
    struct Studio {
        bytes32 didHash;
        address controller;
        uint64 accreditedAt;
        uint32 scopes;
    }

    /// @dev A name that the studio bears from `since` on.
    struct Name {
        bytes32 hash;
        uint64 since;
    }

    /// @dev `[start, end)`; `end` is `OPEN_END` while open.
    struct Window {
        uint64 start;
        uint64 end;
    }

    /// @dev One slot. `moves` is the token's nonce for releases and claims.
    struct TokenState {
        Status status;
        bool bySteward;
        uint64 statusAt;
        uint64 lostSince;
        uint64 moves;
    }

    struct Amendment {
        bytes32 digest;
        uint64 time;
        uint32 count;
    }

    /// @inheritdoc IPieceLedger
    bytes32 public immutable deploymentId;

    string private _base;
    uint32 private _lots;
    uint32 private _anchorCount;
    mapping(uint256 anchorId => Anchor) private _anchors;
    mapping(bytes32 root => uint256 anchorId) private _anchorIds;
    mapping(uint256 lotId => Lot) private _lotOf;
    mapping(address studio => Studio) private _studios;
    mapping(bytes32 didHash => address studio) private _studioOfDid;
    mapping(address studio => Name[]) private _names;
    mapping(address studio => Window[]) private _suspensions;
    mapping(address studio => mapping(bytes32 keyId => Window)) private _keys;
    mapping(address studio => uint256 nonce) private _orderNonces;
    mapping(uint256 tokenId => TokenState) private _states;
    mapping(uint256 tokenId => Amendment) private _amendments;

    /// @param admin Holds the default admin role, whose transfer takes `adminDelay` seconds and two steps.
    /// @param adminDelay Seconds.
    /// @param steward The first steward.
    /// @param anchorer The first anchorer.
    /// @param id 32 random bytes: signatures for another deployment must not count here.
    /// @param base What token ids are appended to in `tokenURI`.
    constructor(
        address admin,
        uint48 adminDelay,
        address steward,
        address anchorer,
        bytes32 id,
        string memory base
    ) ERC721("Kilnmark", "KILN") AccessControlDefaultAdminRules(adminDelay, admin) {
        deploymentId = id;
        _base = base;
        _grantRole(STEWARD_ROLE, steward);
        _grantRole(ANCHORER_ROLE, anchorer);
    }

    // --- anchoring ---------------------------------------------------------------------------------------------

    /// @inheritdoc IPieceLedger
    function anchor(bytes32 root, uint32 leafCount, uint32 expectedFirstLot, Allotment[] calldata allotments)
        external
        onlyRole(ANCHORER_ROLE)
        returns (uint256 anchorId)
    {
        if (root == 0) revert ZeroRoot();
        if (_anchorIds[root] != 0) revert RootAlreadyAnchored(root, _anchorIds[root]);
        uint32 lotId = _lots + 1;
        if (expectedFirstLot != lotId) revert UnexpectedLot(expectedFirstLot, lotId);

        anchorId = ++_anchorCount;
        _anchors[anchorId] = Anchor(root, uint64(block.timestamp), uint64(block.number), leafCount, lotId);
        _anchorIds[root] = anchorId;
        _lots += uint32(allotments.length);
        emit Anchored(anchorId, root, leafCount, lotId, allotments);

        uint256 offset = 0;
        for (uint256 i = 0; i < allotments.length; ++i) {
            Allotment calldata share = allotments[i];
            if (share.count == 0) revert LeafCountMismatch(leafCount, offset);
            if (!inGoodStanding(share.studio)) revert StudioNotInGoodStanding(share.studio);
            // The sum is checked below, before anything can be kept: here it only must not wrap.
            _lotOf[lotId] = Lot(share.studio, share.count, uint32(anchorId), uint32(offset));
            offset += share.count;
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

    // --- studio directory --------------------------------------------------------------------------------------

    /// @inheritdoc IPieceLedger
    function accredit(address studio, string calldata did, string calldata name_, uint32 scopes)
        external
        onlyRole(STEWARD_ROLE)
    {
        if (studio == address(0) || bytes(did).length == 0 || bytes(name_).length == 0) {
            revert InvalidStudio(studio, did, name_);
        }
        bytes32 didHash = sha256(bytes(did));
        address owner = _studioOfDid[didHash];
        Studio storage entry = _studios[studio];
        if (entry.accreditedAt == 0) {
            if (owner != address(0)) revert DidTaken(did, owner);
            _studioOfDid[didHash] = studio;
            entry.didHash = didHash;
            entry.controller = studio;
            entry.accreditedAt = uint64(block.timestamp);
        } else if (entry.didHash != didHash) {
            revert DidTaken(did, owner);
        }
        entry.scopes = scopes;
        _rename(studio, sha256(bytes(name_)));
        emit StudioAccredited(studio, did, name_, scopes);
    }

    function _rename(address studio, bytes32 nameHash) private {
        Name[] storage names = _names[studio];
        uint256 length = names.length;
        if (length == 0 || names[length - 1].hash != nameHash) names.push(Name(nameHash, uint64(block.timestamp)));
    }

    /// @inheritdoc IPieceLedger
    function suspend(address studio) external onlyRole(STEWARD_ROLE) {
        _requireStudio(studio);
        if (_isSuspended(studio)) revert SuspensionUnchanged(studio);
        _suspensions[studio].push(Window(uint64(block.timestamp), OPEN_END));
        emit StudioSuspended(studio);
    }

    /// @inheritdoc IPieceLedger
    function reinstate(address studio) external onlyRole(STEWARD_ROLE) {
        _requireStudio(studio);
        if (!_isSuspended(studio)) revert SuspensionUnchanged(studio);
        Window[] storage intervals = _suspensions[studio];
        intervals[intervals.length - 1].end = uint64(block.timestamp);
        emit StudioReinstated(studio);
    }

    /// @inheritdoc IPieceLedger
    function addKey(address studio, bytes calldata multikey) external onlyRole(STEWARD_ROLE) {
        _requireStudio(studio);
        bool p256 = multikey.length == 35 && bytes2(multikey[:2]) == 0x8024;
        bool ed25519 = multikey.length == 34 && bytes2(multikey[:2]) == 0xed01;
        if (!p256 && !ed25519) revert InvalidMultikey(multikey);
        bytes32 keyId = sha256(multikey);
        if (_keys[studio][keyId].start != 0) revert KeyAlreadyAdded(studio, keyId);
        _keys[studio][keyId] = Window(uint64(block.timestamp), OPEN_END);
        emit KeyAdded(studio, keyId, multikey, uint64(block.timestamp));
    }

    /// @inheritdoc IPieceLedger
    function shortenKey(address studio, bytes32 keyId, uint64 end) external onlyRole(STEWARD_ROLE) {
        Window storage window = _keys[studio][keyId];
        if (window.start == 0) revert UnknownKey(studio, keyId);
        if (end >= window.end) revert WindowNotShorter(studio, keyId, end, window.end);
        window.end = end;
        emit KeyWindowShortened(studio, keyId, end);
    }

    // --- status and amendments ---------------------------------------------------------------------------------

    /// @inheritdoc IPieceLedger
    function setStatus(uint256 tokenId, Status status) external {
        bool bySteward = hasRole(STEWARD_ROLE, msg.sender);
        address studio = _studioOf(tokenId);
        if (!bySteward && msg.sender != _studios[studio].controller) revert NotTheStudio(tokenId, msg.sender);
        _setStatus(tokenId, status, bySteward);
    }

    /// @inheritdoc IPieceLedger
    function setStatusFor(uint256 tokenId, Status status, uint256 nonce, uint256 deadline, bytes calldata signature)
        external
    {
        if (deadline != 0 && block.timestamp > deadline) revert OrderExpired(deadline);
        address studio = _studioOf(tokenId);
        uint256 expected = _orderNonces[studio];
        if (nonce != expected) revert WrongOrderNonce(studio, expected, nonce);
        _orderNonces[studio] = expected + 1;
        bytes32 order = keccak256(abi.encode(SET_STATUS_TYPEHASH, tokenId, status, studio, nonce, deadline));
        address controller = _studios[studio].controller;
        if (!_isSignedBy(controller, MessageHashUtils.toTypedDataHash(_domainSeparator(), order), signature)) {
            revert InvalidOrderSignature(controller);
        }
        _setStatus(tokenId, status, false);
    }

    /// @inheritdoc IPieceLedger
    function amend(uint256[] calldata tokenIds, bytes32[] calldata digests) external {
        if (tokenIds.length == 0 || tokenIds.length != digests.length) revert InvalidAmendment();
        for (uint256 i = 0; i < tokenIds.length; ++i) {
            address studio = _studioOf(tokenIds[i]);
            if (msg.sender != _studios[studio].controller) revert NotTheStudio(tokenIds[i], msg.sender);
            if (!inGoodStanding(studio)) revert StudioNotInGoodStanding(studio);
            if (digests[i] == 0) revert InvalidAmendment();
            Amendment storage amendment = _amendments[tokenIds[i]];
            uint32 count = amendment.count + 1;
            _amendments[tokenIds[i]] = Amendment(digests[i], uint64(block.timestamp), count);
            emit Amended(tokenIds[i], digests[i], count);
            emit MetadataUpdate(tokenIds[i]);
        }
    }

    function _setStatus(uint256 tokenId, Status status, bool bySteward) private {
        TokenState storage state = _states[tokenId];
        if (state.status == Status.REVOKED) revert StatusIsFinal(tokenId);
        // A studio may make a steward's hold graver, never lift it.
        if (!bySteward && state.bySteward && state.status == Status.ON_HOLD && status != Status.REVOKED) {
            revert HeldBySteward(tokenId);
        }
        state.status = status;
        state.bySteward = bySteward;
        state.statusAt = uint64(block.timestamp);
        emit StatusSet(tokenId, status, bySteward);
        emit MetadataUpdate(tokenId);
    }

    // --- reading -----------------------------------------------------------------------------------------------

    /// @inheritdoc IPieceLedger
    function record(uint256 tokenId, bytes32 keyId) external view returns (Record memory result) {
        Lot storage lot = _lotOf[tokenId >> 32];
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
        result.lostSince = state.lostSince;
        result.standingAtAnchor = _hadStanding(result.studio, anchor_.time);
        result.standingNow = inGoodStanding(result.studio);
        result.keyStart = window.start;
        result.keyEnd = window.end;
        result.newest = amendment.digest;
        result.amendedAt = amendment.time;
        result.amendments = amendment.count;
    }

    /// @inheritdoc IPieceLedger
    function anchorIdOf(bytes32 root) external view returns (uint256) {
        return _anchorIds[root];
    }

    /// @inheritdoc IPieceLedger
    function nextLot() external view returns (uint256) {
        return uint256(_lots) + 1;
    }

    /// @inheritdoc IPieceLedger
    function orderNonce(address studio) external view returns (uint256) {
        return _orderNonces[studio];
    }

    /// @inheritdoc IPieceLedger
    function inGoodStanding(address studio) public view returns (bool) {
        Studio storage entry = _studios[studio];
        return entry.accreditedAt != 0 && entry.scopes & SCOPE_MAKER != 0 && !_isSuspended(studio);
    }

    function _isSuspended(address studio) private view returns (bool) {
        Window[] storage intervals = _suspensions[studio];
        uint256 length = intervals.length;
        return length != 0 && intervals[length - 1].end == OPEN_END;
    }

    function _hadStanding(address studio, uint64 time) private view returns (bool) {
        uint64 since = _studios[studio].accreditedAt;
        if (since == 0 || time < since) return false;
        Window[] storage intervals = _suspensions[studio];
        for (uint256 i = intervals.length; i > 0; --i) {
            Window storage interval = intervals[i - 1];
            if (interval.start <= time && time < interval.end) return false;
        }
        return true;
    }

    function _nameAt(address studio, uint64 time) private view returns (bytes32) {
        Name[] storage names = _names[studio];
        for (uint256 i = names.length; i > 0; --i) {
            if (names[i - 1].since <= time) return names[i - 1].hash;
        }
        return 0;
    }

    function _requireStudio(address studio) private view {
        if (_studios[studio].accreditedAt == 0) revert UnknownStudio(studio);
    }

    /// @dev The studio of a token's lot; reverts where there is no such token.
    function _studioOf(uint256 tokenId) private view returns (address) {
        Lot storage lot = _lotOf[tokenId >> 32];
        if (uint32(tokenId) >= lot.count) revert UnknownToken(tokenId);
        return lot.studio;
    }

    // --- ERC-721: owners implied by lots, locked -----------------------------------------------------------------

    /// @dev Before the first hand-over nothing is stored for a token, and its lot tells the owner.
    function _ownerOf(uint256 tokenId) internal view override returns (address) {
        address owner = super._ownerOf(tokenId);
        if (owner != address(0)) return owner;
        Lot storage lot = _lotOf[tokenId >> 32];
        return uint32(tokenId) < lot.count ? lot.studio : address(0);
    }

    /// @inheritdoc IERC721
    function approve(address, uint256) public pure override(ERC721, IERC721) {
        revert TokenLocked();
    }

    /// @inheritdoc IERC721
    function setApprovalForAll(address, bool) public pure override(ERC721, IERC721) {
        revert TokenLocked();
    }

    /// @inheritdoc IERC721
    function transferFrom(address, address, uint256) public pure override(ERC721, IERC721) {
        revert TokenLocked();
    }

    /// @inheritdoc IERC5192
    function locked(uint256 tokenId) external view returns (bool) {
        _requireOwned(tokenId);
        return true;
    }

    function _baseURI() internal view override returns (string memory) {
        return _base;
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId)
        public
        view
        override(ERC721, AccessControlDefaultAdminRules, IERC165)
        returns (bool)
    {
        return interfaceId == type(IERC5192).interfaceId || interfaceId == bytes4(0x49064906)
            || super.supportsInterface(interfaceId);
    }

    // --- EIP-712 ---------------------------------------------------------------------------------------------------

    /// @inheritdoc IERC5267
    function eip712Domain()
        external
        view
        returns (
            bytes1 fields,
            string memory name_,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        )
    {
        return (
            hex"1f", DOMAIN_NAME, DOMAIN_VERSION, block.chainid, address(this), deploymentId, new uint256[](0)
        );
    }

    function _domainSeparator() private view returns (bytes32) {
        return keccak256(
            abi.encode(
                DOMAIN_TYPEHASH,
                keccak256(bytes(DOMAIN_NAME)),
                keccak256(bytes(DOMAIN_VERSION)),
                block.chainid,
                address(this),
                deploymentId
            )
        );
    }

    /// @dev ECDSA is tried first, so that an account with delegated code (EIP-7702) still signs with its own key.
    function _isSignedBy(address signer, bytes32 hash, bytes calldata signature) private view returns (bool) {
        (address recovered, ECDSA.RecoverError problem,) = ECDSA.tryRecoverCalldata(hash, signature);
        if (problem == ECDSA.RecoverError.NoError && recovered == signer) return true;
        return signer.code.length != 0 && SignatureChecker.isValidERC1271SignatureNow(signer, hash, signature);
    }
}
