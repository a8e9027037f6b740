// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControlDefaultAdminRules} from "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";

import {IPieceLedger} from "./IPieceLedger.sol";
import {ISuccession} from "./ISuccession.sol";
import {Signing} from "./Signing.sol";

/// @title The directory of studios: names, standing, keys and who signs for them.
/// @dev See `IPieceLedger`. Intervals are kept, history is never overwritten.
abstract contract Studios is IPieceLedger, ISuccession, Signing, AccessControlDefaultAdminRules {
    /// @notice The role that anchors.
    bytes32 public constant ANCHORER_ROLE = keccak256("ANCHORER_ROLE");
    /// @notice The role that keeps the directory.
    bytes32 public constant STEWARD_ROLE = keccak256("STEWARD_ROLE");
    /// @notice The role that imports a predecessor's state, before sealing.
    bytes32 public constant IMPORTER_ROLE = keccak256("IMPORTER_ROLE");
    /// @notice The scope of studios that make pieces.
    uint32 public constant SCOPE_MAKER = 1;
    /// @notice Seconds between the proposal of a controller and its first signature.
    uint64 public constant CONTROLLER_DELAY = 7 days;

    uint64 internal constant OPEN_END = type(uint64).max;

    /// @dev `controller` signs for the studio until `nextFrom`, `next` from then on; it starts as the studio itself.
    struct Studio {
        bytes32 didHash;
        address controller;
        uint64 accreditedAt;
        uint32 scopes;
        address next;
        uint64 nextFrom;
        bool suspended;
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

    /// @dev These five share a slot. Before sealing, `_clock` and `_clockBlock` date what the importer plays again.
    bool internal _sealed;
    uint64 internal _clock;
    uint64 internal _clockBlock;
    uint32 internal _lotCount;
    uint32 internal _anchorCount;
    mapping(address studio => Studio) internal _studios;
    mapping(bytes32 didHash => address studio) private _studioOfDid;
    mapping(address studio => Name[]) private _names;
    mapping(address studio => mapping(uint64 time => bool)) private _suspendedIn;
    mapping(address studio => mapping(bytes32 keyId => Window)) internal _keys;
    mapping(address studio => uint256 nonce) private _orderNonces;

    modifier whenSealed() {
        _requireSealed();
        _;
    }

    /// @dev Before sealing the importer does everybody's work.
    modifier onlyRoleOrImporter(bytes32 role) {
        _checkRoleOrImporter(role);
        _;
    }

    modifier whileImporting() {
        _requireImporting();
        _;
    }

    function _requireSealed() private view {
        if (!_sealed) revert NotSealed();
    }

    function _requireImporting() private view {
        _checkRole(IMPORTER_ROLE);
        if (_sealed) revert AlreadySealed();
    }

    /// @dev With no clock set, what is played again would have happened at no time at all.
    function _checkRoleOrImporter(bytes32 role) private view {
        _checkRole(_sealed ? role : IMPORTER_ROLE);
        if (_now() == 0) revert WrongClock(0);
    }

    /// @dev When what happens now counts from.
    function _now() internal view returns (uint64) {
        return _sealed ? uint64(block.timestamp) : _clock;
    }

    // --- a steward's work --------------------------------------------------------------------------------------

    /// @inheritdoc IPieceLedger
    function accredit(
        address studio,
        string calldata did,
        string calldata name_,
        uint32 scopes
    ) external onlyRoleOrImporter(STEWARD_ROLE) {
        if (studio == address(0) || bytes(did).length == 0 || bytes(name_).length == 0) {
            revert InvalidStudio(studio);
        }
        bytes32 didHash = _sha256(bytes(did));
        address owner = _studioOfDid[didHash];
        Studio storage entry = _studios[studio];
        if (entry.accreditedAt == 0) {
            if (owner != address(0)) revert DidTaken(did, owner);
            _studioOfDid[didHash] = studio;
            entry.didHash = didHash;
            entry.controller = studio;
            entry.accreditedAt = _now();
        } else if (entry.didHash != didHash) {
            revert DidTaken(did, owner);
        }
        entry.scopes = scopes;
        _rename(studio, _sha256(bytes(name_)));
        emit StudioAccredited(studio, did, name_, scopes);
    }

    function _rename(address studio, bytes32 nameHash) private {
        Name[] storage names = _names[studio];
        uint256 length = names.length;
        if (length == 0 || names[length - 1].hash != nameHash) names.push(Name(nameHash, _now()));
    }

    /// @dev Once, not inlined: the code is near the limit of 24,576 bytes (EIP-170).
    function _sha256(bytes calldata data) private pure returns (bytes32) {
        return sha256(data);
    }

    /// @inheritdoc IPieceLedger
    function suspend(address studio) external onlyRoleOrImporter(STEWARD_ROLE) {
        _requireStudio(studio);
        _setSuspended(studio, true);
        emit StudioSuspended(studio);
    }

    /// @inheritdoc IPieceLedger
    function reinstate(address studio) external onlyRoleOrImporter(STEWARD_ROLE) {
        _requireStudio(studio);
        _setSuspended(studio, false);
        emit StudioReinstated(studio);
    }

    /// @dev Nothing is anchored for a suspended studio. So of all the times in its suspensions, only the second in which
    /// one begins can have an anchor, made just before: that second is kept, the events tell the rest.
    function _setSuspended(address studio, bool suspended) private {
        if (_isSuspended(studio) == suspended) revert SuspensionUnchanged(studio);
        _studios[studio].suspended = suspended;
        _suspendedIn[studio][_now()] = suspended;
    }

    /// @inheritdoc IPieceLedger
    function addKey(address studio, bytes calldata multikey) external onlyRoleOrImporter(STEWARD_ROLE) {
        _requireStudio(studio);
        bool p256 = multikey.length == 35 && bytes2(multikey[:2]) == 0x8024;
        bool ed25519 = multikey.length == 34 && bytes2(multikey[:2]) == 0xed01;
        if (!p256 && !ed25519) revert InvalidMultikey(multikey);
        bytes32 keyId = _sha256(multikey);
        if (_keys[studio][keyId].start != 0) revert KeyAlreadyAdded(studio, keyId);
        _keys[studio][keyId] = Window(_now(), OPEN_END);
        emit KeyAdded(studio, keyId, multikey, _now());
    }

    /// @inheritdoc IPieceLedger
    function shortenKey(address studio, bytes32 keyId, uint64 end) external onlyRoleOrImporter(STEWARD_ROLE) {
        Window storage window = _keys[studio][keyId];
        if (window.start == 0) revert UnknownKey(studio, keyId);
        if (end >= window.end) revert WindowNotShorter(studio, keyId, end, window.end);
        window.end = end;
        emit KeyWindowShortened(studio, keyId, end);
    }

    /// @inheritdoc IPieceLedger
    function proposeController(address studio, address controller) external onlyRoleOrImporter(STEWARD_ROLE) {
        _requireStudio(studio);
        if (controller == address(0)) revert InvalidController(studio);
        Studio storage entry = _studios[studio];
        // A change that is in force already must not be lost to the next one.
        entry.controller = _controllerOf(studio);
        (entry.next, entry.nextFrom) = (controller, _now() + CONTROLLER_DELAY);
        emit ControllerProposed(studio, controller, entry.nextFrom);
    }

    // --- succession --------------------------------------------------------------------------------------------

    /// @inheritdoc ISuccession
    function setClock(uint64 time, uint64 blockNumber) external whileImporting {
        if (time < _clock || time > block.timestamp) revert WrongClock(time);
        (_clock, _clockBlock) = (time, blockNumber);
        emit ClockSet(time, blockNumber);
    }

    /// @inheritdoc ISuccession
    function importOrderNonce(address studio, uint256 nonce) external whileImporting {
        _orderNonces[studio] = nonce;
        emit OrderNonceImported(studio, nonce);
    }

    // --- reading -----------------------------------------------------------------------------------------------

    /// @inheritdoc IPieceLedger
    function orderNonce(address studio) external view returns (uint256) {
        return _orderNonces[studio];
    }

    /// @inheritdoc IPieceLedger
    function controllerOf(address studio) external view returns (address controller, address next, uint64 nextFrom) {
        Studio storage entry = _studios[studio];
        controller = _controllerOf(studio);
        if (_now() < entry.nextFrom) (next, nextFrom) = (entry.next, entry.nextFrom);
    }

    /// @inheritdoc IPieceLedger
    function inGoodStanding(address studio) public view returns (bool) {
        // Only an accredited studio has scopes.
        return _studios[studio].scopes & SCOPE_MAKER != 0 && !_isSuspended(studio);
    }

    function _controllerOf(address studio) internal view returns (address) {
        Studio storage entry = _studios[studio];
        return entry.nextFrom != 0 && _now() >= entry.nextFrom ? entry.next : entry.controller;
    }

    function _isSuspended(address studio) internal view returns (bool) {
        return _studios[studio].suspended;
    }

    /// @dev At the time of an anchor: a studio that has a lot was accredited by then.
    function _hadStanding(address studio, uint64 time) internal view returns (bool) {
        return !_suspendedIn[studio][time];
    }

    /// @dev At the time of an anchor. The first name counts from the accreditation on, and no lot is older.
    function _nameAt(address studio, uint64 time) internal view returns (bytes32) {
        Name[] storage names = _names[studio];
        uint256 i = names.length - 1;
        while (names[i].since > time) --i;
        return names[i].hash;
    }

    function _requireStudio(address studio) private view {
        if (_studios[studio].accreditedAt == 0) revert UnknownStudio(studio);
    }

    // --- orders ------------------------------------------------------------------------------------------------

    /// @dev A studio's order about a piece; `content` is the type's second member. It counts once.
    function _requireOrder(
        bytes32 typeHash,
        uint256 tokenId,
        uint256 content,
        address studio,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) internal {
        _requireInTime(deadline);
        uint256 expected = _orderNonces[studio];
        if (nonce != expected) revert WrongOrderNonce(studio, expected, nonce);
        _orderNonces[studio] = expected + 1;
        address controller = _controllerOf(studio);
        bytes32 digest = _digest(keccak256(abi.encode(typeHash, tokenId, content, studio, nonce, deadline)));
        if (!SIGNATURES.isSignedBy(controller, digest, signature)) revert InvalidOrderSignature(controller);
    }

    function _requireInTime(uint256 deadline) internal view {
        if (deadline != 0 && block.timestamp > deadline) revert OrderExpired(deadline);
    }
}
