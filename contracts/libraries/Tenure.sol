// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Compromise, Member, NodeInfo, Role, Status} from "../interfaces/INodeRegistry.sol";

/// @dev The state of a node from `since` until the next term begins; one slot.
struct Term {
    address operator;
    uint40 since;
    uint40 until;
    Status status;
}

/// @dev All terms of a node. The first slot is enough for questions about the present:
///
///     1 | guest 8 | status 8 | role 8 | host 24 | since 40 | operator 160 |
///
/// `since` is when the current term began.
struct History {
    address operator;
    uint40 since;
    uint24 host;
    Role role;
    Status status;
    bool guest;
    Term[] terms;
    Compromise[] compromises;
}

/// @title Whose signature counted as a node's, and when
library Tenure {
    /// @notice Begin a new term now if the key, status or end date of the node changed.
    function note(History storage history, NodeInfo memory info) internal {
        uint256 length = history.terms.length;
        if (length != 0) {
            Term memory last = history.terms[length - 1];
            if (last.operator == info.operator && last.status == info.status && last.until == info.until) return;
        }
        uint40 time = uint40(block.timestamp);
        history.operator = info.operator;
        history.since = time;
        history.host = info.host;
        history.role = info.role;
        history.status = info.status;
        history.guest = info.until != 0;
        history.terms.push(
            Term({operator: info.operator, since: time, until: info.until, status: info.status})
        );
    }

    /// @notice The state of the node at `time`.
    function memberAt(mapping(uint24 number => History) storage histories, uint24 number, uint40 time)
        internal
        view
        returns (Member memory member)
    {
        History storage history = histories[number];
        member.role = history.role;
        uint24 host = history.host;
        (member.operator, member.acts) = _at(history, time);
        if (host == 0) return member;
        bool hostActs;
        (member.hostOperator, hostActs) = _at(histories[host], time);
        member.acts = member.acts && hostActs;
    }

    /// @notice Whether one of the intervals, both ends included, covers `time`.
    function covers(Compromise[] storage intervals, uint40 time) internal view returns (bool) {
        for (uint256 i = 0; i < intervals.length; ++i) {
            uint40 until = intervals[i].until;
            if (intervals[i].since <= time && (until == 0 || time <= until)) return true;
        }
        return false;
    }

    function _at(History storage history, uint40 time) private view returns (address operator, bool acts) {
        // An active node has no open compromise, and every closed one ended before the current term began.
        if (time > history.since && !history.guest) return (history.operator, history.status == Status.Active);
        Term memory term = _termAt(history.terms, time);
        acts = term.status == Status.Active && (term.until == 0 || time < term.until)
            && !covers(history.compromises, time);
        return (term.operator, acts);
    }

    /// @dev The last term that began at or before `time`; all zero if there was none.
    function _termAt(Term[] storage terms, uint40 time) private view returns (Term memory term) {
        uint256 low = 0;
        uint256 high = terms.length;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (terms[middle].since <= time) low = middle + 1;
            else high = middle;
        }
        if (low != 0) term = terms[low - 1];
    }
}
