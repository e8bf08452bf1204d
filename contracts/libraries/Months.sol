// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Months and days as the numbers YYYYMM and YYYYMMDD, in China's time (UTC+8, no daylight saving)
library Months {
    uint256 private constant _UTC8 = 8 hours;

    /// @notice Whether `month` is a month of 1970 or later that had ended at `time`, unix seconds.
    function isOver(uint24 month, uint256 time) internal pure returns (bool) {
        (uint256 year, uint256 number) = (month / 100, month % 100);
        if (year < 1970 || number == 0 || number > 12) return false;
        return startOf(year + number / 12, (number % 12) + 1) <= time;
    }

    /// @notice Whether `day` has the form of a date: a month from 1 to 12, a day from 1 to 31.
    function isDay(uint32 day) internal pure returns (bool) {
        (uint256 month, uint256 number) = ((day / 100) % 100, day % 100);
        return day < 1e8 && day >= 1e7 && month != 0 && month <= 12 && number != 0 && number <= 31;
    }

    /// @notice Unix seconds at which a month begins.
    function startOf(uint256 year, uint256 month) internal pure returns (uint256) {
        // Years begin in March here, so that the leap day comes last. Five months have 153 days, counted from 0000-03-01.
        if (month <= 2) --year;
        uint256 sinceMarch = (month + 9) % 12;
        uint256 dayNumber = 365 * year + year / 4 - year / 100 + year / 400 + (153 * sinceMarch + 2) / 5;
        return (dayNumber - 719_468) * 1 days - _UTC8;
    }
}
